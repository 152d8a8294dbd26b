// One job: its state and the reason, its actions, attempts and output, and earlier runs of its command.

import { get, jobPath, loadFields } from '../api.js';
import { actionButton, act } from '../actions.js';
import { bytes, duration, number, plural } from '../format.js';
import { listCard } from '../lists.js';
import { LogPane } from '../log.js';
import { $, $$, badge, batchLink, button, card, copy, copyButton, equivalent, h, head, heading, jobLink, jobUrl,
  jobsUrl, patch, ran, readOnly, rows, scheduleLink, stateBadge, toast, took, when } from '../ui.js';
import { VERBS, keysOf } from '../vocabulary.js';

const POLL = 500;
/** @type {[RegExp, string][]} the color of a step in the timeline */
const TONES = [[/(exited exit code 0|counts as a success)$/, 'completed'],
  [/^attempt \d+ (cancelled|released)|^cancel/, 'cancelled'], [/started/, 'processing'],
  [/^due|^attempt \d+ snoozed/, 'scheduled'], [/^attempt/, 'failed'], [/dead|bur/, 'dead']];

const outcome = ({ outcome: ended, error, exit_code: code }) =>
  (ended ? error || `succeeded${code ? `, exit code ${code}` : ''}` : 'running');

const stateOf = ({ outcome: ended, error }) => {
  if (!ended) return 'processing';
  if (ended === 'snoozed') return 'scheduled';
  if (['cancelled', 'released'].includes(ended)) return 'cancelled';
  return error ? 'failed' : 'completed';
};

// Fields that stand elsewhere on the page.
const ELSEWHERE = ['id', 'command', 'state', 'error', 'max_retries', 'duration', 'exit_code', 'signal'];
// Fields that show more than their value.
const FACTS = {
  queue: (queue) => h('a', { href: jobsUrl(`queue:${queue}`) }, queue),
  batch: (batch) => batch && batchLink(batch),
  attempts: (attempts, job) => `${attempts} of ${job.max_retries + 1}`,
  timeout: (timeout) => (timeout === null ? 'none' : duration(timeout)),
  cwd: (cwd) => h('code', {}, cwd),
  inherited: (names) => names.join(', '),
  stdin_size: (size) => size && bytes(size),
  tags: (tags) => tags.map((tag) => h('a', { class: 'chip', href: jobsUrl(`tag:${tag}`) }, tag)),
  locks: (locks) => locks.map((lock) => h('a', { class: 'chip', href: jobsUrl(`lock:${lock}`) }, lock)),
  schedule: (schedule) => schedule && scheduleLink(schedule),
  hook_of: (number) => number && jobLink(String(number)),
};
const INPUTS = {
  number: (value) => (value === null ? null : number(value)),
  tick: (value) => (value ? 'yes' : null),
  variables: (values) => Object.entries(values || {}).map(([name, value]) =>
    h('div', { class: 'mono' }, `${name}=${value}`)),
};

function facts(job, fields) {
  const shown = fields.filter(({ name, input, kept }) => kept && input !== 'time' && !ELSEWHERE.includes(name));
  const pairs = shown.map(({ name, label, input }) =>
    [label, (FACTS[name] || INPUTS[input] || ((value) => value))(job[name], job)]);
  const hooks = job.hook_jobs.map(({ id, reason, state }) => h('div', {}, jobLink(id), ` ${reason}, ${state}`));
  return [...pairs, ['Added by', job.created_by], ['Hook jobs', hooks]]
    .filter(([, value]) => value !== null && value !== '' && value?.length !== 0)
    .map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]);
}

function runBars({ runs, median }, id) {
  const longest = Math.max(...runs.map((run) => run.duration || 0), 0.001);
  const bar = (run) => h('a', { href: jobUrl(run.id), 'data-state': stateOf(run),
    'aria-label': `${run.id}: ${outcome(run)}`,
    title: `${run.id}: ${outcome(run)}, ${duration(run.duration)}`, 'aria-current': run.id === id ? 'true' : null,
    style: { height: `${Math.max(8, (run.duration || 0) / longest * 100)}%` } });
  return [h('div', { class: 'runs' }, [...runs].reverse().map(bar)),
    h('p', { class: 'hint' }, `${plural(runs.length, 'run')}, median ${duration(median)}`)];
}

export async function mount(root, { app, item, signal, setTitle }) {
  const path = jobPath(item);
  let data = await get(path, null, signal).catch((error) => {
    if (error.status !== 404) throw error;
    const words = error.message[0].toUpperCase() + error.message.slice(1);
    root.append(h('div', { class: 'empty' }, h('h1', {}, words), h('p', {}, error.hint || ''),
      h('a', { href: '/jobs' }, 'All jobs')));
    return null;
  });
  if (!data) return {};
  const fields = await loadFields();
  const { id } = data.job;
  setTitle(id);
  const title = h('span', { class: 'row' });
  const actions = h('span', { class: 'row' });
  const header = head(id, actions);
  header.firstChild.after(title, copyButton(id, 'Copy id'));
  const why = h('div', {});
  const command = h('pre', { class: 'command', tabindex: 0, 'aria-label': 'Command' });
  const timeline = h('ol', { class: 'timeline' });
  const details = h('dl', { class: 'facts' });
  const attempts = listCard('Attempts', [['Attempt'], ['Outcome'], ['Started', 'num'], ['Waited', 'num'],
    ['Duration', 'num'], ['Worker', 'num'], ['Output', 'num'], ['Show', 'sr']], ({ attempt }) => attempt, attemptRow,
  { caption: 'Attempts, newest first', signature: (attempt) => [attempt, data.job.state, data.job.error] });
  const choose = h('select', { 'aria-label': 'Attempt', on: { change: () => select(Number(choose.value)) } });
  const log = new LogPane(id);
  const runs = h('div', {});
  const before = card('Runs of this command', {}, runs);
  const linked = h('div', {});
  let graph;
  let shownAttempt;

  const copyAdd = async (event) => {
    await copy(data.commands.duplicate, event.target);
    if (data.job.stdin_size) toast('It has no standard input: give it again with --stdin');
    if (data.secrets.length) toast(`The values of ${data.secrets.join(', ')} are secret: set them where you paste it`);
  };
  root.append(header, why,
    h('section', { class: 'card' }, h('div', { class: 'row' }, h('h2', { class: 'grow' }, 'Command'),
      copyButton(() => data.job.command), button('Copy as queuectl add', copyAdd, { class: 'small' })), command),
    linked, card('Timeline', {}, timeline),
    h('section', { class: 'card' }, h('div', { class: 'row' }, h('h2', { class: 'grow' }, 'Output'), choose),
      log.element),
    attempts.element, h('div', { class: 'grid' }, card('Facts', {}, details), before),
    h('details', {}, h('summary', {}, 'On the command line'), h('div', { id: 'equivalents' })));

  function select(attempt) {
    shownAttempt = attempt;
    choose.value = attempt;
    log.show(attempt);
  }

  function draw() {
    const { job, allowed_actions: allowed } = data;
    const tried = [...job.attempt_history].reverse();
    patch(title, [job.state, job.stuck, job.parked, job.error, job.cancel_requested], () => [stateBadge(job),
      job.cancel_requested && job.state === 'processing' ? h('span', { class: 'chip' }, 'cancel requested') : null]);
    patch(actions, allowed, () => (readOnly ? [] : allowed.map((verb) =>
      actionButton(verb, { ...job, reference: data.reference }, app, { small: false, command: data.commands[verb] }))));
    patch(why, [data.why, job.error], () => (job.state === 'completed' || !data.why?.reason ? null
      : h('div', { class: 'alert',
      'data-level': job.state === 'dead' ? 'error' : 'info' }, h('span', {}, data.why.reason), data.why.hint
      && h('span', { class: 'muted' }, data.why.hint))));
    if (command.textContent !== job.command) command.textContent = job.command;
    rows(timeline, data.history.slice(-30), ({ at, what }) => `${at}/${what}`, historyItem, undefined, 'li');
    patch(details, job, () => facts(job, fields));
    attempts.show(tried);
    patch(choose, tried.map(({ attempt }) => attempt), () => tried.map(({ attempt }) => h('option', { value: attempt },
      `attempt ${attempt}`)));
    choose.hidden = tried.length < 2;
    choose.value = shownAttempt;
    patch(runs, data.similar.runs, () => runBars(data.similar, id));
    before.hidden = data.similar.runs.length < 2;
    patch($('#equivalents', root), data.commands,
      () => Object.values({ show: `queuectl show ${id}`, logs: `queuectl logs ${id}`,
      ...data.commands }).map(equivalent));
  }

  async function drawGraph() {
    const { parents, children } = data.job;
    linked.hidden = !parents.length && !children.length;
    if (linked.hidden) return;
    if (!graph) {
      const { Graph } = await import('../graph.js');
      graph = new Graph(id);
      linked.append(graph.element);
    }
    graph.show(await get(`${path}/graph`, null, signal));
  }

  function historyItem({ at, what, detail, by }, element) {
    element.dataset.state = (TONES.find(([pattern]) => pattern.test(`${what} ${detail}`)) || [])[1] || 'pending';
    return [h('strong', {}, what), h('div', { class: 'hint' }, when(at, 'local')),
      detail && detail !== data.job.command ? h('div', { class: 'hint' }, detail) : null,
      by ? h('div', { class: 'hint' }, `by ${by}`) : null];
  }

  /** @param {Api.Attempt} attempt */
  function attemptRow(attempt) {
    const show = () => { select(attempt.attempt); log.element.scrollIntoView({ block: 'nearest' }); };
    const ended = attempt.finished_at;
    const stands = ended || data.job.state !== 'processing' ? null : data.job.error;
    return [heading(attempt.attempt), stands ? stateBadge(data.job) : badge(stateOf(attempt), outcome(attempt)),
      when(attempt.started_at), took(attempt.wait_time),
      ended ? took(attempt.duration) : ran(data.job), number(attempt.worker),
      ended && bytes(attempt.output_size), button('Show output', show,
        { class: 'small', 'aria-label': `Show output of attempt ${attempt.attempt}` })];
  }

  async function refresh() {
    try {
      data = await get(path, null, signal);
    } catch (error) {
      if (error.status === 404) app.navigate('/jobs', { replace: true });
      throw error;
    }
    draw();
    followAttempt();
    await Promise.all([log.load(), drawGraph()]);
  }

  // Show the newest attempt, unless the user chose another one.
  let newest = null;
  function followAttempt() {
    const last = data.job.attempt_history.slice(-1)[0]?.attempt ?? null;
    if (last === newest && shownAttempt !== undefined) return;
    if (shownAttempt === undefined || shownAttempt === newest) select(last);
    newest = last;
  }

  draw();
  followAttempt();
  await drawGraph();
  const line = /^#L(\d+)$/.exec(location.hash);
  if (line) log.goTo(Number(line[1]));
  const timer = setInterval(() => !document.hidden && !app.paused()
    && data.job.state === 'processing' && log.load(), POLL);
  const key = (verb) => () => !readOnly && data.allowed_actions.includes(verb)
    && act(verb, { ...data.job, reference: data.reference }, app, data.commands[verb]);
  const neighbor = (step) => () => {
    const bars = $$('.runs a', root);
    const at = bars.findIndex((bar) => bar.getAttribute('aria-current'));
    if (at >= 0) bars[at + step]?.click();
  };
  return { refresh, destroy: () => clearInterval(timer),
    keys: { ...keysOf([...VERBS.keys()], key), f: () => log.follow(!log.following),
      '#': () => log.line.focus(), '[': neighbor(-1), ']': neighbor(1) } };
}
