// The dialogs that add and edit a schedule, of a command or of several jobs, with the command that does the same.

import { get, loadMeta, patch, post } from './api.js';
import { form } from './dialogs.js';
import { bodyOf, changesOf, editOptionsOf, filledIn, formField, optionsOf } from './fields.js';
import { quote } from './format.js';
import { h } from './ui.js';

// The fields of a schedule itself; the command has an option if its value differs from this one.
const OWN = [
  { name: 'name', label: 'Name', required: true },
  { name: 'expression', label: 'When', required: true, value: '*/5 * * * *',
    hint: 'minute, hour, day, month, weekday; or @hourly, @daily, @weekly, @monthly' },
  { name: 'timezone', label: 'Time zone', value: 'local', hint: 'local is that of the home; or UTC, or Europe/London' },
  { name: 'catch_up', option: '--catch-up', label: 'Times that passed while nothing ran', value: 'last' },
  { name: 'overlap', label: 'While the last job has not ended', value: 'skip' },
  { name: 'expires', label: 'Cancel a job that has not started after', value: 'none', hint: 'such as 2h; or none' },
].map((field) => ({ option: `--${field.name}`, edit_option: field.option || `--${field.name}`, ...field }));

// Several jobs, in the place of a command.
const JOBS = { name: 'jobs', label: 'Or several jobs', rows: 6,
  hint: 'as JSON, as enqueue takes it, instead of a command and what follows; "after" names others of them' };

// The JSON of the typed jobs. Invalid JSON is refused as if by the server.
function jobsOf(typed) {
  try {
    const jobs = JSON.parse(typed);
    return Array.isArray(jobs) ? jobs : [jobs];
  } catch (error) {
    throw Object.assign(new Error(`jobs must be JSON: ${error.message}`), { field: JOBS.name });
  }
}

// Several jobs as text: defaults are left out, except a timeout of none.
const isPlain = ([name, value]) => name === 'timeout' || !(value === null || value === false
  || (typeof value === 'object' && !Object.keys(value).length));
const typedJobs = (jobs) => JSON.stringify(jobs.map((job) =>
  Object.fromEntries(Object.entries(job).filter(isPlain))), null, 1);

function cronCommand(values, filled) {
  const changed = filledIn(OWN, values).filter(([{ value }, typed]) => typed !== value);
  const words = ['queuectl cron add',
    ...optionsOf([...filled, ...changed].filter(([{ name, required }]) => !required && name !== 'command'))];
  if (values.jobs) words.push('--file jobs.json');
  const positionals = [values.name || 'NAME', values.expression || '…'];
  if (values.command || !values.jobs) positionals.push(values.command || '…');
  if (positionals.some((word) => word.startsWith('-'))) words.push('--');
  return [...words, ...positionals.map(quote)].join(' ');
}

// The next times of the typed expression, loaded a moment after the last key.
function livePreview() {
  const element = h('div', { class: 'hint', role: 'status', id: 'schedule-preview' });
  let asked = '';
  let timer = null;
  const show = async (expression, tz) => {
    try {
      const { words, next_times: times } = await get('/cron/preview', { cron: expression, tz: tz || 'local', n: 3 });
      if (asked === `${expression}|${tz}`) element.replaceChildren(h('strong', {}, words),
        `; next: ${times.map((time) => time.local).join(', ')}`);
    } catch (error) {
      if (asked === `${expression}|${tz}`) element.replaceChildren(h('span', { class: 'error' }, error.message));
    }
  };
  return { element, changed: ({ expression, timezone }) => {
    if (asked === `${expression}|${timezone}` || !expression) return;
    asked = `${expression}|${timezone}`;
    clearTimeout(timer);
    timer = setTimeout(show, 200, expression, timezone);
  } };
}

export async function addSchedule(app) {
  const { fields: all, choices } = await loadMeta();
  const fields = all.filter(({ recurring }) => recurring);
  const own = OWN.map((field) => ({ ...field, options: choices[field.name] }));
  const filled = (values) => filledIn(fields, values);
  return form({ title: 'Add a schedule', action: 'Add',
    fields: [...own, ...fields.map((field) => ({ ...formField(field), required: false })), JOBS],
    command: (values) => cronCommand(values, filled(values)), extra: livePreview(),
    run: async (values) => {
      const jobs = values.jobs ? { jobs: jobsOf(values.jobs) } : {};
      await post('/schedules', { ...bodyOf([...filledIn(OWN, values), ...filled(values)]), ...jobs });
      app.done(`Schedule added: ${values.name}`);
    } });
}

/** @param {Api.ScheduleInDetail} item */
export async function editSchedule(item, app) {
  const { fields: all, choices } = await loadMeta();
  const work = item.jobs ? [] : all.filter(({ recurring, editable }) => recurring && editable);
  const fields = [...OWN.slice(1), ...work];
  const jobs = item.jobs ? [{ ...JOBS, label: 'Jobs', required: true, value: typedJobs(item.jobs) }] : [];
  const typed = { ...item, timezone: item.timezone_source === 'home' ? 'local' : item.timezone,
    expires: item.expires === null ? 'none' : `${item.expires}s` };
  const before = fields.map((field) => (OWN.includes(field)
    ? { ...field, options: choices[field.name], value: typed[field.name] }
    : formField(field, item[field.name])));
  const changes = (values) => changesOf(fields, before, values);
  const hasOtherJobs = (values) => jobs.some(({ value }) => values.jobs !== value);
  const optionsFor = (values) => [...editOptionsOf(changes(values)),
    ...hasOtherJobs(values) ? ['--file jobs.json'] : []];
  return form({ title: `Edit ${item.name}`, action: 'Save', fields: [...before, ...jobs], extra: livePreview(),
    command: (values) => ['queuectl cron edit', quote(item.name), optionsFor(values).join(' ') || '…'].join(' '),
    run: async (values) => {
      const changed = { ...bodyOf(changes(values)), ...hasOtherJobs(values) ? { jobs: jobsOf(values.jobs) } : {} };
      if (!Object.keys(changed).length) return;
      await patch(`/schedules/${encodeURIComponent(item.name)}`, changed);
      app.done(`Schedule changed: ${item.name}`);
    } });
}
