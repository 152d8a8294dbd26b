// An alert as a line: its text, the command that helps, and the button or link that does the same.

import { post } from './api.js';
import { busy, button, copyButton, h, jobsUrl, readOnly } from './ui.js';

const start = (app) => (readOnly ? null : button('Start workers', (event) => busy(event.target, async () => {
  await post('/workers');
  app.done('Workers started');
}), { class: 'small primary' }));
const link = (label, href) => () => h('a', { class: 'button', href }, label);
const [workers, schedule, settings] = [['Workers', '/workers'], ['Schedule', '/schedule'], ['Configuration', '/config']]
  .map(([label, href]) => link(label, href));

// By code.
const WAYS = {
  no_workers: start, no_scheduler: start, queue_without_workers: workers, lost_workers: start, other_version: workers,
  long_wait: workers, overdue: schedule, timezone: settings, dead_jobs: link('Dead letter queue', '/dlq'),
  paused: link('Queues', '/queues'), stuck_jobs: link('Stuck jobs', jobsUrl('stuck:yes')),
  low_disk: link('Ended jobs', jobsUrl('state:completed,dead,cancelled')),
};

export function alertLine({ code, level, text, command }, app) {
  return h('div', { class: 'alert', 'data-level': level }, h('span', {}, text), WAYS[code]?.(app),
    command ? [h('code', {}, command), copyButton(command)] : null);
}
