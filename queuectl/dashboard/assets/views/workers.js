// The workers: what each does and how it is, and how many there are.

import { get, post } from '../api.js';
import { confirm, form } from '../dialogs.js';
import { bytes, coarse, number, percent, plural } from '../format.js';
import { $, badge, button, card, cell, equivalent, h, head, jobLink, numberCell, patch, readOnly, rows, table, toast,
  when } from '../ui.js';

const COLUMNS = [['Worker'], ['State'], ['Job'], ['Command', 'clip'], ['Elapsed', 'num'], ['Jobs done', 'num'],
  ['Busy', 'num'], ['Memory', 'num'], ['Heartbeat', 'num'], ['Uptime', 'num'], ['Process', 'num'], ['Queues']];

export function mount(root, { app, signal }) {
  let data = null;
  const list = table('Workers', COLUMNS);
  const actions = h('span', { class: 'row' });
  const summary = h('p', { class: 'muted' });
  const empty = h('section', { class: 'card empty', hidden: true }, h('h2', {}, 'No workers'),
    h('p', {}, 'Jobs run when workers do.'), equivalent('queuectl worker start'));
  const full = card(null, {}, list);
  root.append(head('Workers', h('span', { class: 'grow' }), actions), summary, empty, full);

  const count = (value, hint) => ({ name: 'count', label: 'Workers', type: 'number', value: String(value), hint });

  function start() {
    return form({ title: 'Start workers', action: 'Start',
      fields: [count(data.default_count, `at most ${data.max_workers}`),
        { name: 'queues', label: 'Only these queues', hint: 'separated by commas; empty for all' }],
      command: (values) => ['queuectl worker start', values.count && `--count ${values.count}`,
        ...split(values.queues).map((queue) => `--queue ${queue}`)].filter(Boolean).join(' '),
      run: async (values) => done(await post('/workers', { count: Number(values.count), ...(values.queues
        ? { queues: split(values.queues) } : {}) }), 'Workers started') });
  }

  function scale() {
    return form({ title: 'Change the number of workers', action: 'Scale',
      fields: [count(data.pool.target ?? data.items.length, 'those that leave finish their current job')],
      command: (values) => `queuectl worker scale ${values.count}`,
      run: async (values) => done(await post('/workers/scale', { count: Number(values.count) }),
        `Scaling to ${values.count}`) });
  }

  function stop(force) {
    const running = data.items.filter(({ job }) => job);
    return confirm({ title: force ? 'Stop the workers now?' : 'Stop the workers?', danger: force,
      body: force ? 'Their jobs are ended and go back to the queue; those attempts do not count.'
        : 'They finish their current jobs first.',
      sample: running.map(({ job, command }) => `${job}  ${command || ''}`), action: 'Stop',
      command: `queuectl worker stop${force ? ' --force' : ''}`,
      run: async () => {
        const answer = await post('/workers/stop', force ? { force: true } : {});
        toast(answer.done ? 'Workers stopped' : 'Workers are stopping');
        app.refresh();
      } });
  }

  const split = (value) => value.split(',').map((part) => part.trim()).filter(Boolean);

  function done(answer, message) {
    toast(message);
    app.refresh();
    return answer;
  }

  function row(worker) {
    return [h('th', { scope: 'row' }, String(worker.worker)), cell('State', badge(worker.state)),
      cell('Job', worker.job ? jobLink(worker.job) : ''),
      cell('Command', worker.command ? h('code', { title: worker.command }, worker.command) : '', 'clip'),
      cell('Elapsed', worker.elapsed === null ? '' : coarse(worker.elapsed), 'num'),
        numberCell('Jobs done', worker.jobs_done),
      cell('Busy', percent(worker.busy), 'num'), cell('Memory', bytes(worker.memory), 'num'),
      cell('Heartbeat', when(worker.heartbeat_at), 'num'), cell('Uptime', coarse(worker.uptime ?? 0), 'num'),
      cell('Process', String(worker.pid), 'num'), cell('Queues', [worker.queues || 'all'].flat().join(', '))];
  }

  async function refresh() {
    data = await get('/workers', null, signal);
    const { items, pool } = data;
    empty.hidden = items.length > 0;
    full.hidden = !items.length;
    patch(actions, pool, () => (readOnly ? null : pool.running
      ? [button('Scale', scale), button('Stop', () => stop(false)),
      button('Stop now', () => stop(true))] : [button('Start workers', start, { class: 'primary' })]));
    const busy = items.filter(({ state }) => state === 'busy').length;
    patch(summary, [items.length, busy, pool], () => (items.length
      ? [`${plural(items.length, 'worker')}, ${number(busy)} busy`,
        pool.running ? `; the pool is process ${pool.pid}` : null]
      : null));
    rows($('tbody', list), items, ({ worker, pid }) => `${worker}/${pid}`, row);
  }
  return { refresh };
}
