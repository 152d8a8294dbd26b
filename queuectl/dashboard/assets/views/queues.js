// The queues: how deep each is, how fast it moves, and when it will be empty.

import { get } from '../api.js';
import { coarse, number, perMinute } from '../format.js';
import { emptyCard, listCard } from '../lists.js';
import { equivalent, h, head, heading, jobsUrl } from '../ui.js';
import { STATES } from '../vocabulary.js';

const COLUMNS = [['Queue'], ['Waiting', 'num'], ['Later', 'num'], ['Running', 'num'], ['Dead', 'num'],
  ['Oldest', 'num'], ['Per minute', 'num'], ['Ended in an hour', 'num'], ['Failed in an hour', 'num'],
  ['Empty in', 'num']];

/** @param {Api.Queue} item */
function row(item) {
  const link = (...states) => h('a', { href: jobsUrl(`queue:${item.queue} state:${states.join()}`) },
    number(states.reduce((sum, state) => sum + (item.jobs[state] || 0), 0)));
  const later = [...STATES.keys()].filter((state) => STATES.get(state).is_due);
  return [heading(h('a', { href: jobsUrl(`queue:${item.queue}`), class: 'mono' }, item.queue)), link('pending'),
    link(...later), link('processing'), link('dead'),
    item.oldest_pending_age !== null && coarse(item.oldest_pending_age), perMinute(item.per_minute),
    number(item.ended_hour), number(item.failed_hour + item.dead_hour),
    item.eta !== null && `~${coarse(item.eta)}`];
}

export function mount(root, { signal }) {
  const empty = emptyCard('No queues yet', 'A queue is there as soon as a job is in it.',
    equivalent("queuectl add 'echo report' --queue reports"));
  const list = listCard(null, COLUMNS, ({ queue }) => queue, row, { caption: 'Queues', empty });
  root.append(head('Queues'), empty, list.element);
  return { refresh: async () => list.show((await get('/queues', null, signal)).items) };
}
