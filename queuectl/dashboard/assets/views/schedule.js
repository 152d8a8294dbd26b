// The schedules in words, with their next times and last jobs; and what else is to come.

import { get, loadMeta, post, remove } from '../api.js';
import { added } from '../addjob.js';
import { alertLine } from '../alerts.js';
import { DayStrip } from '../daystrip.js';
import { confirm, form, open } from '../dialogs.js';
import { bodyOf, filledIn, formField, optionsOf } from '../fields.js';
import { duration, quote } from '../format.js';
import { emptyCard, listCard } from '../lists.js';
import { actions, badge, busy, button, code, equivalent, fail, h, head, heading, jobLink, patch, readOnly,
  scheduleLink, scheduleUrl, when } from '../ui.js';

// The codes of what this page is about.
const ALERTS = ['no_scheduler', 'overdue', 'timezone'];

// What a schedule has in addition to the fields of its jobs; an option is named if its value is not this one.
const OWN = [
  { name: 'name', label: 'Name', required: true },
  { name: 'expression', label: 'When', required: true, value: '*/5 * * * *',
    hint: 'minute, hour, day, month, weekday; or @hourly, @daily, @weekly, @monthly' },
  { name: 'timezone', option: '--timezone', label: 'Time zone', value: 'local',
    hint: 'local is that of the home; or UTC, or Europe/London' },
  { name: 'catch_up', option: '--catch-up', label: 'Times that passed while nothing ran', value: 'last' },
  { name: 'overlap', option: '--overlap', label: 'While the last job has not ended', value: 'skip' },
];

const pathOf = (name) => `/schedules/${encodeURIComponent(name)}`;

function cronCommand(values, filled) {
  const changed = filledIn(OWN, values).filter(([{ value }, typed]) => typed !== value);
  const words = ['queuectl cron add',
    ...optionsOf([...filled, ...changed].filter(([{ required }]) => !required))];
  const positionals = [values.name || 'NAME', values.expression || '…', values.command || '…'];
  if (positionals.some((word) => word.startsWith('-'))) words.push('--');
  return [...words, ...positionals.map(quote)].join(' ');
}

// The next times of what is being typed, asked for a moment after the last key.
function livePreview() {
  const element = h('div', { class: 'hint', role: 'status', id: 'schedule-preview' });
  let asked = '';
  let timer = null;
  const show = async (expression, tz) => {
    try {
      const { words, next_times: times } = await get('/cron/preview', { cron: expression, tz: tz || 'local', n: 3 });
      if (asked === `${expression}|${tz}`) element.replaceChildren(h('strong', {}, words),
        `; next: ${times.map((time) => time.local).join(', ')}`);
    } catch (error) {
      if (asked === `${expression}|${tz}`) element.replaceChildren(h('span', { class: 'error' }, error.message));
    }
  };
  return { element, changed: ({ expression, timezone }) => {
    if (asked === `${expression}|${timezone}` || !expression) return;
    asked = `${expression}|${timezone}`;
    clearTimeout(timer);
    timer = setTimeout(show, 200, expression, timezone);
  } };
}

export function mount(root, { app, query, signal }) {
  const note = h('div', {});
  const empty = emptyCard('No schedules yet',
    'A schedule queues a command again and again, at the times of a cron expression.',
    equivalent("queuectl cron add cleanup '*/5 * * * *' 'echo cleanup'"));
  const strip = new DayStrip(signal);
  const list = listCard('Schedules', [['Name'], ['When', 'words'], ['Command', 'clip'], ['Next', 'num'], ['Last'],
    ['Actions', 'sr']], ({ name }) => name, row, { empty });
  const coming = listCard('What is to come', [['When'], ['What'], ['Job'], ['Command', 'clip']],
    ({ what, id, at }) => `${what}/${id}/${at}`, ({ what, id, at, command }) => [when(at), what,
      heading(what === 'recurring' ? scheduleLink(id) : jobLink(id)), code(command)]);
  root.append(head('Schedule', h('span', { class: 'grow' }),
    readOnly ? '' : button('Add a schedule', add, { class: 'primary' })),
    note, empty, strip.element, list.element, coming.element);

  async function add() {
    const { fields: all, choices } = await loadMeta();
    const fields = all.filter(({ recurring }) => recurring);
    const own = OWN.map((field) => ({ ...field, options: choices[field.name] }));
    const filled = (values) => filledIn(fields, values);
    return form({ title: 'Add a schedule', action: 'Add',
      fields: [...own, ...fields.map((field) => formField(field))],
      command: (values) => cronCommand(values, filled(values)), extra: livePreview(),
      run: async (values) => {
        await post('/schedules', bodyOf([...filledIn(OWN, values), ...filled(values)]));
        app.done(`Schedule added: ${values.name}`);
      } });
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
    return open(name, (close) => [
      h('div', { class: 'head' }, h('h1', { class: 'grow' }, name), button('Close', () => close(null))),
      h('p', {}, h('strong', {}, item.words), ' ', h('code', {}, item.expression)),
      h('pre', { class: 'command' }, item.command),
      h('h2', {}, 'Next times'), h('ul', {}, item.next_times.map(time)),
      h('h2', {}, 'Its last jobs'),
      item.jobs.length ? h('ul', { on: { click: () => close(null) } }, item.jobs.map(run))
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
      code(item.command), paused ? badge('paused') : when(item.next_at),
      item.last_job && [badge(item.last_state), ' ', jobLink(item.last_job)],
      actions([action('Run now', 'run', async () => added(app, (await post(`${pathOf(name)}/run`)).job)),
        paused ? action('Resume', 'resume', () => change(name, 'resume'))
          : action('Pause', 'pause', () => change(name, 'pause')),
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
