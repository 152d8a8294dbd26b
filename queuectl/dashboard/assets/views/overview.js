// The overview: the alerts, counts by state, workers, running jobs, recent failures and the next jobs.

import { post } from '../api.js';
import { alertLine } from '../alerts.js';
import { added, rowActions } from '../actions.js';
import { Chart, ENDED, endedSeries, sparkline, timesOf } from '../charts.js';
import { bytes, coarse, number, perMinute, plural } from '../format.js';
import { emptyCard, listCard } from '../lists.js';
import { actions, badge, busy, button, code, copyButton, h, head, heading, jobLink, jobsUrl, patch,
  ran, readOnly, rows, scheduleLink, since, stateBadge, took, when } from '../ui.js';
import { STATES } from '../vocabulary.js';

const SAMPLE = 'for i in 1 2 3; do echo "line $i"; sleep 1; done';
const CELLS = 32; // of workers; another page lists them all

function sample(app) {
  const run = (event) => busy(event.target, async () =>
    added(app, await post('/jobs', { command: SAMPLE, tags: ['sample'] })));
  return readOnly ? null : h('span', {}, button('Add a job', app.newJob, { 'data-add': '' }), ' ',
    button('Run a sample job', run, { class: 'primary' }));
}

/** @param {Api.Overview} data */
function good(data) {
  const { workers, per_minute: rate } = data;
  return h('div', { class: 'alert', 'data-level': 'good' },
    `All is well: ${plural(workers.total, 'worker')}, ${workers.busy} busy, ${perMinute(rate)} jobs a minute.`);
}

function tile(state, data, link) {
  const values = data.series[ENDED[state]];
  Object.assign(link, { className: 'tile', href: jobsUrl(`state:${state}`) });
  link.dataset.tile = state;
  return [badge(state), h('strong', {}, number(data.jobs[state])), values && sparkline(values, state)];
}

/** @param {Api.RunningJob} job */
function runningRow(job, app) {
  const usual = job.usual ? `usually ${coarse(job.usual)}` : '';
  return [heading(jobLink(job.id)), code(job.command),
    h('span', {}, job.suspended_at ? [stateBadge(job), ' '] : null, ran(job),
      h('span', { class: 'hint' }, ` ${usual}`)),
    actions(rowActions(job, app, ['cancel', 'suspend', 'resume']))];
}

/** @param {Api.Run} failure */
function failureRow(failure) {
  return [heading(jobLink(failure.id)), code(failure.command), h('span', { class: 'error' }, failure.error || ''),
    failure.attempt, badge(failure.state), when(failure.finished_at)];
}

/** @param {Api.ComingJob} item */
function nextRow(item) {
  const link = item.what === 'recurring' ? scheduleLink(item.id) : jobLink(item.id);
  return [heading(link), code(item.command), item.what, when(item.at)];
}

// A small cell: number, state, job and its run time.
function workerCell({ worker, state, job }, startedAt) {
  return [h('span', { class: 'row' }, h('span', { class: 'mono' }, `#${worker}`),
    badge(state), startedAt ? h('span', { class: 'hint' }, since(startedAt)) : null),
  h('span', { class: 'job' }, job ? jobLink(job) : h('span', { class: 'muted' }, 'no job'))];
}

export function mount(root, { app }) {
  const alerts = h('div', { id: 'alerts' });
  const tiles = h('div', { class: 'tiles' });
  const throughput = new Chart('Ended per minute', { kind: 'columns' });
  const backlog = new Chart('Pending jobs');
  const running = listCard('Running now', [['Job'], ['Command', 'clip'], ['Elapsed', 'num'], ['Actions', 'sr']],
    ({ id }) => id, (job) => runningRow(job, app),
    { signature: (job) => [job.id, job.started_at, job.allowed_actions, job.usual] });
  const failures = listCard('Recent failures', [['Job'], ['Command', 'clip'], ['Error', 'words'], ['Attempt', 'num'],
    ['Now'], ['When', 'num']], ({ id, attempt }) => `${id}/${attempt}`, failureRow);
  const next = listCard('Next', [['Job'], ['Command', 'clip'], ['What'], ['When', 'num']],
    ({ id, at, what }) => `${what}/${id}/${at}`, nextRow);
  const storage = h('p', { class: 'muted hint' });
  const strip = h('ul', { class: 'crew' });
  const more = h('p', { class: 'hint' });
  const workers = h('section', { class: 'card', 'aria-label': 'Workers' }, h('div', { class: 'row' },
    h('h2', { class: 'grow' }, 'Workers'), h('a', { href: '/workers' }, 'All workers')), strip, more);
  const example = "queuectl add 'echo hello'";
  const blank = emptyCard('No jobs yet', 'Add the first one on the command line:',
    h('p', {}, h('code', {}, example), ' ', copyButton(example)), sample(app) || '');
  const full = h('div', {}, tiles, h('div', { class: 'grid wide-left' }, throughput.element, backlog.element),
    workers, running.element, failures.element, next.element, storage);
  root.append(head('Overview'), alerts, blank, full);
  const seen = new Map(); // the backlog of minutes since this page was opened, by time

  /** @param {Api.Overview} data */
  function show(data) {
    const { jobs: counts, series } = data;
    patch(alerts, [data.alerts, data.workers, data.per_minute], () =>
      (data.alerts.length ? data.alerts.map((alert) => alertLine(alert, app)) : data.total ? good(data) : null));
    blank.hidden = data.total > 0;
    full.hidden = !data.total;
    if (!data.total) return;
    const shown = [...STATES.keys()].filter((state) => counts[state] || !STATES.get(state).is_rare);
    rows(tiles, shown, (state) => state, (state, link) => tile(state, data, link),
      (state) => [counts[state], series[ENDED[state]]], 'a');
    throughput.update(timesOf(series.start, series.step, series.finished), endedSeries(series));
    showBacklog(data);
    showWorkers(data);
    running.show(data.running);
    failures.show(data.failures);
    next.show(data.next_scheduled);
    const { database, log, logs, free } = data.storage;
    patch(storage, [data.storage, data.oldest_pending_age], () => [
      'Oldest pending job: ', took(data.oldest_pending_age),
      `. Database ${bytes(database)}, write-ahead log ${bytes(log)}, log files ${bytes(logs)}, `,
      `free on the disk ${bytes(free)}.`]);
  }

  // The recorded backlog, with this minute as it is now; without a record, what this page has seen.
  function showBacklog({ backlog: history, jobs: counts }) {
    const times = timesOf(history.start, history.step, history.pending);
    seen.set(times[times.length - 1], counts.pending);
    for (const time of seen.keys()) if (time < times[0]) seen.delete(time);
    const values = history.pending.map((value, index) => value ?? seen.get(times[index]) ?? null);
    values[values.length - 1] = counts.pending;
    backlog.update(times, [{ name: 'pending', state: 'pending', values }]);
  }

  function showWorkers({ now, worker_list: list, running: jobs }) {
    workers.hidden = !list.length;
    const suspended = new Set(jobs.filter(({ suspended_at: at }) => at).map(({ id }) => id));
    const startOf = ({ elapsed, state, job }) => (elapsed === null || state === 'lost' || suspended.has(job) ? null
      : new Date(Date.parse(now) - elapsed * 1000).toISOString());
    rows(strip, list.slice(0, CELLS), ({ worker }) => worker, (worker) => workerCell(worker, startOf(worker)),
      (worker) => [worker.state, worker.job, startOf(worker)], 'li');
    patch(more, list.length, () => (list.length > CELLS
      ? h('a', { href: '/workers' }, `+${number(list.length - CELLS)} more`) : null));
  }

  if (app.overview) show(app.overview);
  return { overview: show };
}
