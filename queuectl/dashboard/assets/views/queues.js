// The queues: how deep each is, how fast it moves, and when it will be empty.

import { get } from '../api.js';
import { coarse, number, perMinute } from '../format.js';
import { $, card, cell, emptyCard, equivalent, h, head, jobsUrl, numberCell, rows, table } from '../ui.js';

const COLUMNS = [['Queue'], ['Waiting', 'num'], ['Running', 'num'], ['Dead', 'num'], ['Oldest', 'num'],
  ['Per minute', 'num'], ['Ended in an hour', 'num'], ['Failed in an hour', 'num'], ['Empty in', 'num']];

/** @param {Api.Queue} item */
function row(item) {
  const link = (state) => h('a', { href: jobsUrl(`queue:${item.queue} state:${state}`) },
    number(item.jobs[state] || 0));
  return [h('th', { scope: 'row' }, h('a', { href: jobsUrl(`queue:${item.queue}`), class: 'mono' }, item.queue)),
    numberCell('Waiting', item.depth), cell('Running', link('processing'), 'num'), cell('Dead', link('dead'), 'num'),
    cell('Oldest', item.oldest_pending_age === null ? '' : coarse(item.oldest_pending_age), 'num'),
    cell('Per minute', perMinute(item.per_minute), 'num'),
      numberCell('Ended in an hour', item.finished_hour),
    numberCell('Failed in an hour', item.failed_hour),
      cell('Empty in', item.eta === null ? '' : `~${coarse(item.eta)}`, 'num')];
}

export function mount(root, { signal }) {
  const list = table('Queues', COLUMNS);
  const empty = emptyCard('No queues yet', 'A queue is there as soon as a job is in it.',
    equivalent("queuectl add 'echo report' --queue reports"));
  const full = card(null, {}, list);
  root.append(head('Queues'), empty, full);
  return { refresh: async () => {
    const { items } = await get('/queues', null, signal);
    empty.hidden = items.length > 0;
    full.hidden = !items.length;
    rows($('tbody', list), items, ({ queue }) => queue, row);
  } };
}
