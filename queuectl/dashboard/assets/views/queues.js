// The queues: depth, throughput, time until empty, limits and pauses of each one; and the locks.

import { get, patch as change } from '../api.js';
import { coarse, number, perMinute, quote } from '../format.js';
import { limitButton, limitText } from '../limits.js';
import { emptyCard, listCard } from '../lists.js';
import { actions, badge, busy, button, equivalent, form, h, head, heading, jobLink, jobsUrl, patch, readOnly,
  when } from '../ui.js';
import { STATES } from '../vocabulary.js';

const COLUMNS = [['Queue'], ['Waiting', 'num'], ['Later', 'num'], ['Running', 'num'], ['Dead', 'num'],
  ['Oldest', 'num'], ['Per minute', 'num'], ['Last hour'], ['Empty in', 'num'], ['Limits'], ['Now', 'words'],
  ['Actions', 'sr']];

const LOCK_COLUMNS = [['Lock'], ['State', 'words'], ['Limit'], ['Running', 'num'], ['Waiting', 'num'], ['Held by'],
  ['Actions', 'sr']];
// A free lock has room for a job that waits, the jobs of a taken one run.
const LOCK_LOOKS = { free: 'completed', taken: 'processing' };
const HOLDERS = 5;

const pathOf = (name) => (name === null ? '/queues' : `/queues/${encodeURIComponent(name)}`);
const called = (name) => (name === null ? 'everything' : `queue ${name}`);
const line = (verb, name, values = {}) => [`queuectl ${verb}`, name !== null && quote(name),
  values.until && `--until ${quote(values.until)}`, values.reason && `--reason ${quote(values.reason)}`,
  values.running && '--running', values.schedules && '--schedules'].filter(Boolean).join(' ');

function pause(app, name) {
  return form({ title: `Pause ${called(name)}`, action: 'Pause',
    fields: [{ name: 'until', label: 'Until', placeholder: '18:00', hint: 'a time, or +1h; empty: until resumed' },
      { name: 'reason', label: 'Reason', hint: 'shown with the pause' },
      { name: 'running', label: 'Also suspend running jobs', type: 'checkbox',
        hint: 'until the pause ends; otherwise they go on' },
      { name: 'schedules', label: 'Also pause the schedules', type: 'checkbox',
        hint: 'they add no jobs during the pause; otherwise their jobs wait' }],
    command: (values) => line('pause', name, values),
    run: async ({ until, reason, running, schedules }) => {
      await change(pathOf(name), { paused: true, until: until || null, reason: reason || null, running, schedules });
      app.done(`Paused: ${called(name)}`);
    } });
}

async function resume(app, name) {
  await change(pathOf(name), { paused: false });
  app.done(`Resumed: ${called(name)}`);
}

// One of the two, whichever does something.
function toggle(app, name, isPaused) {
  const [label, run] = isPaused ? ['Resume', () => resume(app, name)] : ['Pause', () => pause(app, name)];
  return button(name === null ? `${label} everything` : label, (event) => busy(event.target, run),
    { class: name === null ? null : 'small', title: line(label.toLowerCase(), name),
      'aria-label': `${label} ${called(name)}` });
}

// Until when a pause lasts, and why it is.
const lasts = (until, reason) => [until && [' until ', when(until, 'local')], reason && `: ${reason}`];
const hint = (...words) => h('div', { class: 'hint' }, ...words);

/** @param {Api.ListedQueue} item */
function stateOf(item) {
  const isShut = item.state === 'paused' && item.paused_at === null;
  return [badge(item.state), item.paused_until && [' until ', when(item.paused_until, 'local')],
    item.pause_reason && hint(item.pause_reason), isShut && hint('with everything'),
    item.draining && item.state !== 'draining' && hint('takes no new jobs')];
}

/** @param {Api.ListedQueue} item */
function row(item, app) {
  const link = (...states) => h('a', { href: jobsUrl(`queue:${item.queue} state:${states.join()}`) },
    number(states.reduce((sum, state) => sum + (item.jobs[state] || 0), 0)));
  const later = [...STATES.keys()].filter((state) => STATES.get(state).is_due);
  return [heading(h('a', { href: jobsUrl(`queue:${item.queue}`), class: 'mono' }, item.queue)), link('pending'),
    link(...later), link('processing'), link('dead'),
    item.oldest_pending_age !== null && coarse(item.oldest_pending_age), perMinute(item.per_minute),
    `${number(item.ended_hour)} ended, ${number(item.failed_hour + item.dead_hour)} failed`,
    item.eta !== null && `~${coarse(item.eta)}`,
    [limitText(item.slots), item.rate].filter(Boolean).join(', '),
    stateOf(item), actions([toggle(app, item.queue, item.paused_at !== null)])];
}

/** @param {Api.Lock} item */
function lockRow(item, app) {
  const link = (states, count) => h('a', { href: jobsUrl(`lock:${item.name} state:${states.join()}`) }, number(count));
  const waiting = [...STATES.keys()].filter((state) => state !== 'processing' && !STATES.get(state).is_final);
  const holders = [...item.holders.slice(0, HOLDERS).flatMap((id) => [', ', jobLink(id)]).slice(1),
    item.holders.length > HOLDERS && ` and ${number(item.holders.length - HOLDERS)} more`];
  return [heading(h('a', { href: jobsUrl(`lock:${item.name}`), class: 'mono' }, item.name)),
    badge(LOCK_LOOKS[item.state], item.state), limitText(item.slots), link(['processing'], item.running),
    link(waiting, item.waiting), holders, actions([limitButton(app, 'lock', '/locks', item)])];
}

export function mount(root, { app, signal }) {
  const empty = emptyCard('No queues yet', 'A queue exists as soon as a job is in it.',
    equivalent("queuectl add 'echo report' --queue reports"));
  const list = listCard(null, COLUMNS, ({ queue }) => queue, (item) => row(item, app), { caption: 'Queues', empty,
    // A row that looks the same stays as it is, so that a click on its button is not lost.
    signature: (item) => ({ ...item, oldest_pending_age: coarse(item.oldest_pending_age), eta: coarse(item.eta) }) });
  const all = h('span', {});
  const pauseLine = h('p', { class: 'alert', 'data-level': 'info', hidden: true });
  const locks = listCard('Locks', LOCK_COLUMNS, ({ name }) => `lock:${name}`, (item) => lockRow(item, app));
  root.append(head('Queues', all), pauseLine, empty, list.element, locks.element);

  async function refresh() {
    const [{ items, pauses }, found] = await Promise.all([get('/queues', null, signal), get('/locks', null, signal)]);
    list.show(items);
    locks.show(found.items);
    const pausedAll = pauses.find(({ queue }) => queue === null);
    pauseLine.hidden = !pausedAll;
    patch(pauseLine, pausedAll, () => pausedAll && h('span', {}, 'Everything is paused',
      lasts(pausedAll.until, pausedAll.reason)));
    if (!readOnly) patch(all, Boolean(pausedAll), () => toggle(app, null, Boolean(pausedAll)));
  }

  return { refresh };
}
