// The queues: how deep each is, how fast it moves, when it will be empty, and what limits or pauses it.

import { get, patch as change } from '../api.js';
import { coarse, number, perMinute, quote } from '../format.js';
import { emptyCard, listCard } from '../lists.js';
import { actions, badge, busy, button, equivalent, form, h, head, heading, jobsUrl, patch, readOnly,
  when } from '../ui.js';
import { STATES } from '../vocabulary.js';

const COLUMNS = [['Queue'], ['Waiting', 'num'], ['Later', 'num'], ['Running', 'num'], ['Dead', 'num'],
  ['Oldest', 'num'], ['Per minute', 'num'], ['Ended in an hour', 'num'], ['Failed in an hour', 'num'],
  ['Empty in', 'num'], ['Limits'], ['Now', 'words'], ['Actions', 'sr']];

const pathOf = (name) => (name === null ? '/queues' : `/queues/${encodeURIComponent(name)}`);
const called = (name) => (name === null ? 'everything' : `queue ${name}`);
const line = (verb, name, values = {}) => [`queuectl ${verb}`, name !== null && quote(name),
  values.until && `--until ${quote(values.until)}`, values.reason && `--reason ${quote(values.reason)}`]
  .filter(Boolean).join(' ');

function pause(app, name) {
  return form({ title: `Pause ${called(name)}`, action: 'Pause',
    fields: [{ name: 'until', label: 'Until', placeholder: '18:00', hint: 'a time, or +1h; empty: until you resume it' },
      { name: 'reason', label: 'Reason', hint: 'shown wherever the pause is; jobs that run go on' }],
    command: (values) => line('pause', name, values),
    run: async ({ until, reason }) => {
      await change(pathOf(name), { paused: true, until: until || null, reason: reason || null });
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

/** @param {Api.ListedQueue} item */
function stateOf(item) {
  return [badge(item.state), item.paused_until && [' until ', when(item.paused_until, 'local')],
    item.pause_reason && h('div', { class: 'hint' }, item.pause_reason)];
}

/** @param {Api.ListedQueue} item */
function row(item, app) {
  const link = (...states) => h('a', { href: jobsUrl(`queue:${item.queue} state:${states.join()}`) },
    number(states.reduce((sum, state) => sum + (item.jobs[state] || 0), 0)));
  const later = [...STATES.keys()].filter((state) => STATES.get(state).is_due);
  return [heading(h('a', { href: jobsUrl(`queue:${item.queue}`), class: 'mono' }, item.queue)), link('pending'),
    link(...later), link('processing'), link('dead'),
    item.oldest_pending_age !== null && coarse(item.oldest_pending_age), perMinute(item.per_minute),
    number(item.ended_hour), number(item.failed_hour + item.dead_hour),
    item.eta !== null && `~${coarse(item.eta)}`,
    [item.slots !== null && `${number(item.slots)} at a time`, item.rate].filter(Boolean).join(', '),
    stateOf(item), actions([toggle(app, item.queue, item.paused_at !== null)])];
}

export function mount(root, { app, signal }) {
  const empty = emptyCard('No queues yet', 'A queue is there as soon as a job is in it.',
    equivalent("queuectl add 'echo report' --queue reports"));
  const list = listCard(null, COLUMNS, ({ queue }) => queue, (item) => row(item, app), { caption: 'Queues', empty,
    // A row that looks the same stays as it is, so that a click on its button is not lost.
    signature: (item) => ({ ...item, oldest_pending_age: coarse(item.oldest_pending_age), eta: coarse(item.eta) }) });
  const all = h('span', {});
  root.append(head('Queues', h('span', { class: 'grow' }), all), empty, list.element);

  async function refresh() {
    const { items, pauses } = await get('/queues', null, signal);
    list.show(items);
    const isPaused = pauses.some(({ queue }) => queue === null);
    if (!readOnly) patch(all, isPaused, () => toggle(app, null, isPaused));
  }

  return { refresh };
}
