// The batches: progress, dead jobs, time left, results and limit of each one.

import { get, queryString } from '../api.js';
import { coarse, number, plural } from '../format.js';
import { limitButton, limitText } from '../limits.js';
import { emptyCard, listCard } from '../lists.js';
import { actions, batchBadge, equivalent, h, head, heading, jobsUrl, when } from '../ui.js';

const COLUMNS = [['Batch'], ['State', 'words'], ['Progress'], ['Dead', 'num'], ['Added', 'num'], ['Finished', 'num'],
  ['Time left', 'num'], ['Limit'], ['Results'], ['Actions', 'sr']];

/** @param {Api.Batch} item */
function row(item, app) {
  const link = (states, content) => h('a', { href: jobsUrl(`batch:${item.name}${states}`) }, content);
  const state = [batchBadge(item.state),
    item.stop_reason && h('div', { class: 'hint' }, item.stop_reason),
    item.waiting > 0 && h('div', {}, h('a', { href: jobsUrl(`after:batch:${item.name}`), class: 'hint' },
      `${plural(item.waiting, 'job')} ${item.waiting === 1 ? 'waits' : 'wait'} for it`))];
  const percent = Math.floor((item.ended * 100) / item.jobs);
  const left = item.time_left !== null && [`~${coarse(item.time_left)}`,
    item.rate !== null && h('div', { class: 'hint' }, `${number(Math.round(item.rate))} an hour`)];
  return [heading(h('a', { href: jobsUrl(`batch:${item.name}`), class: 'mono' }, item.name)), state,
    [h('progress', { max: item.jobs, value: item.ended, 'aria-label': `${percent}%`, title: `${percent}%` }),
      h('div', { class: 'hint' }, link('', `${number(item.ended)} of ${number(item.jobs)}`))],
    link(' state:dead', number(item.dead)), when(item.created_at), when(item.finished_at), left, limitText(item.slots),
    h('a', { href: `/api/v1/results.csv${queryString({ of: `batch:${item.name}` })}`, download: true,
      title: 'The input and the result of each job' }, 'CSV'),
    actions([limitButton(app, 'batch', '/batches', item)])];
}

export function mount(root, { app, signal }) {
  const empty = emptyCard('No batches yet', 'A batch is a name for jobs that belong together.',
    equivalent("queuectl add 'make report' --batch nightly"));
  const list = listCard(null, COLUMNS, ({ name }) => name, (item) => row(item, app),
    { caption: 'Batches', empty,
      signature: (item) => ({ ...item, rate: Math.round(item.rate), time_left: coarse(item.time_left ?? 0) }) });
  const more = h('p', { class: 'muted', hidden: true });
  root.append(head('Batches'), empty, list.element, more);
  return {
    refresh: async () => {
      const { items, total } = await get('/batches', null, signal);
      list.show(items);
      more.hidden = total <= items.length;
      more.textContent = `The newest ${number(items.length)} of ${number(total)} batches.`;
    },
  };
}
