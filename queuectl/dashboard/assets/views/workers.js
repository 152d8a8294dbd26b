// The workers: what each one does, its health, and how many there are.

import { get, post } from '../api.js';
import { confirm, form } from '../dialogs.js';
import { bytes, coarse, number, percent, plural } from '../format.js';
import { emptyCard, listCard } from '../lists.js';
import { badge, button, code, equivalent, h, head, heading, jobLink, patch, readOnly, when } from '../ui.js';

const COLUMNS = [['Worker'], ['State'], ['Job'], ['Command', 'clip'], ['Elapsed', 'num'], ['Jobs done', 'num'],
  ['Busy', 'num'], ['Memory', 'num'], ['Heartbeat', 'num'], ['Uptime', 'num'], ['Process', 'num'], ['Queues']];

export function mount(root, { app, signal }) {
  /** @type {Api.ListOfWorkers} */
  let data = null;
  const actions = h('span', { class: 'row' });
  const summary = h('p', { class: 'muted' });
  const empty = emptyCard('No workers', 'Jobs run when workers do.', equivalent('queuectl worker start'));
  const list = listCard(null, COLUMNS, ({ worker, pid }) => `${worker}/${pid}`, row, { caption: 'Workers', empty });
  const groups = h('div', {});
  root.append(head('Workers', actions), summary, groups, empty, list.element);

  const count = (value, hint) => ({ name: 'count', label: 'Workers', type: 'number', value: String(value), hint });
  const option = (queues) => (queues.length ? `--queue ${queues.join(',').replace('*', "'*'")}` : '');
  const called = (queues) => (queues.length ? ` for ${queues.join(', ').replace('*', 'all queues')}` : '');
  const words = (...parts) => ['queuectl worker', ...parts].filter(Boolean).join(' ');

  function start() {
    return form({ title: 'Start workers', action: 'Start',
      fields: [count(data.default_count, `at most ${data.max_workers} in all groups; a running group is scaled up`),
        { name: 'queues', label: 'Only these queues', hint: 'separated by commas; empty for all' }],
      command: (values) => words('start', values.count && `--count ${values.count}`, option(split(values.queues))),
      run: async (values) => {
        await post('/workers', { count: Number(values.count), queues: split(values.queues) });
        app.done('Workers started');
      } });
  }

  function scale({ queues, target }) {
    return form({ title: `Change the number of workers${called(queues)}`, action: 'Scale',
      fields: [count(target, 'workers that stop finish their current job')],
      command: (values) => words('scale', values.count, option(queues)),
      run: async (values) => {
        await post('/workers/scale', { count: Number(values.count), queues });
        app.done(`Scaling to ${values.count}${called(queues)}`);
      } });
  }

  function stop(force, queues = []) {
    const group = queues.join();
    const running = data.items.filter((worker) => worker.job && (!group || (worker.queues.join() || '*') === group));
    return confirm({ title: `Stop the workers${called(queues)}${force ? ' now' : ''}?`, danger: force,
      body: force ? 'Their jobs end and go back to the queue; those attempts do not count.'
        : 'They finish their current jobs first.',
      sample: running.map(({ job, command }) => `${job}  ${command || ''}`), action: 'Stop',
      command: words('stop', option(queues), force && '--force'),
      run: async () => {
        const answer = await post('/workers/stop', { force, queues });
        app.done(answer.done ? 'Workers stopped' : 'Workers are stopping');
      } });
  }

  // The only group has its buttons above: to stop it is to stop all.
  function groupRow(group) {
    const { queues, target } = group, named = queues.length ? queues : ['*'];
    return h('p', { class: 'row' }, h('span', { class: 'grow' }, `${queues.join(', ') || 'All queues'}: `,
      plural(target, 'worker')), readOnly ? null : [button('Scale', () => scale(group)),
      button('Stop', () => stop(false, named)), button('Stop now', () => stop(true, named))]);
  }

  const split = (value) => value.split(',').map((part) => part.trim()).filter(Boolean);

  /** @param {Api.Worker} worker */
  function row(worker) {
    return [heading(worker.worker), badge(worker.state), worker.job && jobLink(worker.job), code(worker.command),
      worker.elapsed !== null && worker.state !== 'lost' && coarse(worker.elapsed), number(worker.jobs_done),
      percent(worker.busy), bytes(worker.memory), when(worker.heartbeat_at), coarse(worker.uptime ?? 0), worker.pid,
      worker.queues.join(', ') || 'all'];
  }

  async function refresh() {
    data = await get('/workers', null, signal);
    const { items, pool } = data;
    patch(actions, pool, () => (readOnly ? null : [
      button('Start workers', start, pool.running ? {} : { class: 'primary' }),
      ...(pool.groups.length === 1 ? [button('Scale', () => scale(pool.groups[0]))] : []),
      ...(pool.running ? [button('Stop', () => stop(false)), button('Stop now', () => stop(true))] : [])]));
    patch(groups, pool.groups, () => (pool.groups.length > 1 ? pool.groups.map(groupRow) : null));
    const busy = items.filter(({ state }) => state === 'busy').length;
    patch(summary, [items.length, busy, pool], () => (items.length
      ? [`${plural(items.length, 'worker')}, ${number(busy)} busy`,
        pool.running ? `; the pool is process ${pool.pid}` : null]
      : null));
    list.show(items);
  }
  return { refresh };
}
