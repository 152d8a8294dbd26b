// Metrics: throughput, run and wait times over a range, percentiles, exit codes, the slowest and most failing commands.

import { get } from '../api.js';
import { Chart, endedSeries, timesOf } from '../charts.js';
import { duration, number, percent } from '../format.js';
import { listCard } from '../lists.js';
import { card, code, equivalent, h, head, heading, jobLink, patch, when } from '../ui.js';

// By name: the points of its charts, and its words after "the".
const RANGES = {
  '1h': { points: 60, words: 'hour' }, '6h': { points: 120, words: '6 h' }, '24h': { points: 144, words: '24 h' },
  '7d': { points: 168, words: '7 days' }, '30d': { points: 180, words: '30 days' },
};
const EVERY = 5000; // ranges are long, more is not needed

// The change of a count since the period before.
function change(count, before, range) {
  if (before === null) return '';
  const span = `the ${RANGES[range].words} before`;
  if (!before) return count ? ` (none in ${span})` : '';
  const percents = Math.round((count / before - 1) * 100);
  const sign = percents > 0 ? '+' : percents < 0 ? '−' : '±';
  return ` (${sign}${number(Math.abs(percents))} % on ${span})`;
}

function nameOf({ exit_code: code, signal: sent, outcome }) {
  if (outcome === 'exited') return `exit code ${code}`;
  return sent ? `${outcome}: ${sent}` : outcome.replace('_', ' ');
}

const row = (item) => [heading(code(item.command), 'clip'), number(item.attempts), number(item.failed),
  duration(item.average), duration(item.longest), when(item.last_at), item.sample_id && jobLink(item.sample_id)];

export function mount(root, { app, query, signal }) {
  let range = 'none';
  let loaded = 0;
  const tabs = h('div', { class: 'tabs', role: 'navigation', 'aria-label': 'Range' });
  const counts = new Chart('Ended', { kind: 'columns' });
  const runTime = new Chart('Average run time', { format: duration });
  const waitTime = new Chart('Average wait', { format: duration });
  const spread = new Chart('Run time percentiles', { format: duration });
  const totals = h('p', { id: 'totals' });
  const summary = h('dl', { class: 'facts' });
  const codes = listCard('How attempts ended', [['Outcome'], ['Attempts', 'num']], nameOf,
    (item) => [heading(nameOf(item)), number(item.attempts)], { mayHide: false });
  const columns = [['Command'], ['Attempts', 'num'], ['Failed', 'num'], ['Average', 'num'], ['Longest', 'num'],
    ['Last', 'num'], ['Example']];
  const [slowest, failing] = ['Slowest commands', 'Commands that fail most'].map((title) =>
    listCard(title, columns, ({ command }) => command, row, { mayHide: false }));
  const sampled = h('p', { class: 'hint' });
  root.append(head('Metrics'), tabs, totals, h('div', {}, counts.element, spread.element,
    h('div', { class: 'grid' }, runTime.element, waitTime.element)),
    h('div', { class: 'grid' }, card('Run and wait times', {}, summary), codes.element),
    slowest.element, failing.element, sampled, equivalent('queuectl metrics'));

  function read(params) {
    const wanted = params.get('range') || '1h';
    range = RANGES[wanted] ? wanted : '1h';
    patch(tabs, range, () => Object.keys(RANGES).map((name) => h('a', { href: `/metrics-ui?range=${name}`,
      'aria-current': String(name === range) }, name)));
    loaded = 0;
  }

  function drawTotals(now, before) {
    const words = ([name, key]) => `${name} ${number(now[key])}${change(now[key], before?.[key] ?? null, range)}`;
    patch(totals, [range, now, before], () => [['Completed', 'finished'], ['failed attempts', 'failed'],
      ['dead', 'dead']].map(words).join(', '));
  }

  function drawPercentiles({ from, step, series }) {
    const [{ run_time: all }] = series;
    spread.update(timesOf(from, step, all.p50), [['p50', 'completed'], ['p95', 'scheduled'], ['p99', 'failed']]
      .map(([name, state]) => ({ name, state, values: all[name] })));
  }

  function drawSeries({ from, step, series, percentiles, totals: now, previous }) {
    const [all] = series;
    const times = timesOf(from, step, all.finished);
    drawTotals(now, previous);
    drawPercentiles(percentiles);
    counts.update(times, endedSeries(all));
    runTime.update(times, [{ name: 'run time', state: 'processing', values: all.run_time }]);
    waitTime.update(times, [{ name: 'wait', state: 'scheduled', values: all.wait_time }]);
  }

  function drawSummary(data) {
    const times = (name, value) => (value ? ['average', 'p50', 'p95', 'p99', 'maximum']
      .map((key) => [`${name}, ${key}`, duration(value[key])]) : []);
    const pairs = [['Attempts, 24 h', number(data.timed_attempts)], ['Success rate', percent(data.success_rate)],
      ['Success rate, 24 h', percent(data.success_rate_day)],
      ...times('Run time', data.run_time), ...times('Wait', data.wait_time)];
    patch(summary, pairs, () => pairs.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
    codes.show(data.outcomes);
  }

  async function refresh() {
    if (performance.now() - loaded < EVERY && loaded) return;
    loaded = performance.now();
    const [series, top, data] = await Promise.all([
      get('/metrics/series', { from: `-${range}`, points: RANGES[range].points }, signal),
      get('/metrics/top', null, signal), get('/metrics/summary', null, signal)]);
    drawSeries(series);
    drawSummary(data);
    slowest.show(top.slowest);
    failing.show(top.failing);
    patch(sampled, top.sampled, () => `The tables look at the newest ${number(top.sampled)} attempts.`);
  }

  read(query);
  const timer = setInterval(() => !document.hidden && app.refresh(), EVERY * 2);
  return { refresh, update: (params) => { read(params); return refresh(); }, destroy: () => clearInterval(timer) };
}
