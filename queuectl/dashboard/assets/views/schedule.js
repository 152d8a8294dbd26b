// The schedules in words, with their next times and last jobs; and the jobs that come next.

import { get, post, remove } from '../api.js';
import { added } from '../actions.js';
import { alertLine } from '../alerts.js';
import { DayStrip } from '../daystrip.js';
import { confirm, open } from '../dialogs.js';
import { duration, quote } from '../format.js';
import { emptyCard, listCard } from '../lists.js';
import { actions, badge, batchBadge, batchLink, busy, button, code, equivalent, fail, h, head, heading, jobLink, patch,
  readOnly, scheduleLink, scheduleUrl, when } from '../ui.js';

// The codes of the alerts that this page shows.
const ALERTS = ['no_scheduler', 'overdue', 'timezone'];

const pathOf = (name) => `/schedules/${encodeURIComponent(name)}`;

export function mount(root, { app, query, signal }) {
  const note = h('div', {});
  const empty = emptyCard('No schedules yet',
    'A schedule adds a job at each time of a cron expression.',
    equivalent("queuectl cron add cleanup '*/5 * * * *' 'echo cleanup'"));
  const strip = new DayStrip(signal);
  const list = listCard('Schedules', [['Name'], ['When', 'words'], ['Runs', 'clip'], ['Next', 'num'], ['Last'],
    ['Actions', 'sr']], ({ name }) => name, row, { empty });
  const coming = listCard('Coming up', [['When'], ['What'], ['Job'], ['Command', 'clip']],
    ({ what, id, at }) => `${what}/${id}/${at}`, ({ what, id, at, command }) => [when(at), what,
      heading(what === 'recurring' ? scheduleLink(id) : jobLink(id)), code(command)]);
  root.append(head('Schedule', readOnly ? '' : button('Add a schedule', add, { class: 'primary' })),
    note, empty, strip.element, list.element, coming.element);

  async function add() {
    return (await import('../scheduleform.js')).addSchedule(app);
  }

  async function edit(item) {
    // Only its details have its jobs.
    const whole = await get(pathOf(item.name), null, signal);
    return (await import('../scheduleform.js')).editSchedule(whole, app);
  }

  async function runNow(name) {
    const { job } = await post(`${pathOf(name)}/run`);
    if (!job.batch) return added(app, job);
    return app.done(`Batch added: ${job.batch}`, { action: batchLink(job.batch, 'Show') });
  }

  async function change(name, verb) {
    await post(`${pathOf(name)}/${verb}`);
    app.done(`Schedule ${verb === 'pause' ? 'paused' : 'resumed'}: ${name}`);
  }

  function drop(name) {
    return confirm({ title: `Remove the schedule ${name}?`, body: 'The jobs that it made stay.', action: 'Remove',
      command: `queuectl cron remove ${quote(name)} --yes`,
      run: async () => { await remove(pathOf(name)); app.done(`Schedule removed: ${name}`); } });
  }

  // A link to a schedule opens its details; once they are closed the address is that of the page.
  async function showNamed(params) {
    const name = params.get('name');
    if (!name) return;
    await details(name).catch(fail);
    if (location.pathname + location.search === scheduleUrl(name)) app.navigate('/schedule', { replace: true });
  }

  async function details(name) {
    const item = await get(pathOf(name), null, signal);
    const time = (value) => h('li', {}, when(value, 'local'), ' ', when(value));
    const run = ({ id, state, duration: took, finished_at: at }) =>
      h('li', {}, jobLink(id), ' ', badge(state), ' ', duration(took), ' ', when(at));
    const local = ({ id, command, after, after_any: any, after_failed: failed }) => {
      const parents = [...after, ...any, ...failed].join(', ');
      return h('li', {}, id && [h('strong', {}, id), ' '], code(command), parents && ` after ${parents}`);
    };
    return open(name, (close) => [
      head(name, button('Close', () => close(null))),
      h('p', {}, h('strong', {}, item.words), ' ', h('code', {}, item.expression)),
      item.jobs ? h('ul', {}, item.jobs.map(local)) : h('pre', { class: 'command' }, item.command),
      h('h2', {}, 'Next times'), h('ul', {}, item.next_times.map(time)),
      h('h2', {}, 'Last jobs'),
      item.last_jobs.length ? h('ul', { on: { click: () => close(null) } }, item.last_jobs.map(run))
        : h('p', { class: 'muted' }, 'None so far'),
      equivalent(`queuectl cron show ${quote(name)}`),
    ]);
  }

  /** @param {Api.Schedule} item */
  function row(item) {
    const { name, paused } = item;
    const action = (label, command, run) => button(label, (event) => busy(event.target, run),
      { class: 'small', title: `queuectl cron ${command} ${quote(name)}`, 'aria-label': `${label} ${name}` });
    return [heading(scheduleLink(name)),
      [item.words, h('div', { class: 'hint mono' }, `${item.expression} ${item.timezone}`),
        item.problem && h('div', { class: 'error' }, item.problem)],
      code(item.runs), paused ? badge('paused') : when(item.next_at),
      item.last_batch ? [batchBadge(item.last_state), ' ', batchLink(item.last_batch)]
        : item.last_job && [badge(item.last_state), ' ', jobLink(item.last_job)],
      actions([action('Run now', 'run', () => runNow(name)),
        paused ? action('Resume', 'resume', () => change(name, 'resume'))
          : action('Pause', 'pause', () => change(name, 'pause')),
        action('Edit', 'edit', () => edit(item)),
        action('Remove', 'remove', () => drop(name))])];
  }

  async function refresh() {
    const [schedules, scheduled] = await Promise.all([get('/schedules', null, signal),
      get('/scheduled', null, signal)]);
    const { items } = schedules;
    list.show(items);
    coming.show(scheduled.items);
    await strip.refresh(JSON.stringify([items.map(({ name, expression, timezone, next_at: at }) =>
      [name, expression, timezone, at]), scheduled]));
  }

  function showAlerts({ alerts }) {
    patch(note, alerts, () => alerts.filter(({ code }) => ALERTS.includes(code))
      .map((alert) => alertLine(alert, app)));
  }

  if (app.overview) showAlerts(app.overview);
  showNamed(query);
  return {
    refresh,
    update: showNamed,
    overview: (data) => {
      showAlerts(data);
      strip.refresh().catch(fail);
    },
  };
}
