// The dialogs that add and change a schedule, with the command that would do the same.

import { get, loadMeta, patch, post } from './api.js';
import { form } from './dialogs.js';
import { bodyOf, changesOf, editOptionsOf, filledIn, formField, optionsOf } from './fields.js';
import { quote } from './format.js';
import { h } from './ui.js';

// What a schedule has in addition to the fields of its jobs; an option is named if its value is not this one.
const OWN = [
  { name: 'name', label: 'Name', required: true },
  { name: 'expression', label: 'When', required: true, value: '*/5 * * * *',
    hint: 'minute, hour, day, month, weekday; or @hourly, @daily, @weekly, @monthly' },
  { name: 'timezone', label: 'Time zone', value: 'local', hint: 'local is that of the home; or UTC, or Europe/London' },
  { name: 'catch_up', option: '--catch-up', label: 'Times that passed while nothing ran', value: 'last' },
  { name: 'overlap', label: 'While the last job has not ended', value: 'skip' },
  { name: 'expires', label: 'Cancel a job that has not started after', value: 'none', hint: 'such as 2h; or none' },
].map((field) => ({ option: `--${field.name}`, edit_option: field.option || `--${field.name}`, ...field }));

function cronCommand(values, filled) {
  const changed = filledIn(OWN, values).filter(([{ value }, typed]) => typed !== value);
  const words = ['queuectl cron add',
    ...optionsOf([...filled, ...changed].filter(([{ required }]) => !required))];
  const positionals = [values.name || 'NAME', values.expression || '…', values.command || '…'];
  if (positionals.some((word) => word.startsWith('-'))) words.push('--');
  return [...words, ...positionals.map(quote)].join(' ');
}

// The next times of what is being typed, asked for a moment after the last key.
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
    fields: [...own, ...fields.map((field) => formField(field))],
    command: (values) => cronCommand(values, filled(values)), extra: livePreview(),
    run: async (values) => {
      await post('/schedules', bodyOf([...filledIn(OWN, values), ...filled(values)]));
      app.done(`Schedule added: ${values.name}`);
    } });
}

/** @param {Api.Schedule} item */
export async function editSchedule(item, app) {
  const { fields: all, choices } = await loadMeta();
  const fields = [...OWN.slice(1), ...all.filter(({ recurring, editable }) => recurring && editable)];
  const typed = { ...item, timezone: item.timezone_source === 'home' ? 'local' : item.timezone,
    expires: item.expires === null ? 'none' : `${item.expires}s` };
  const before = fields.map((field) => (OWN.includes(field)
    ? { ...field, options: choices[field.name], value: typed[field.name] }
    : formField(field, item[field.name])));
  const changes = (values) => changesOf(fields, before, values);
  return form({ title: `Edit ${item.name}`, action: 'Save', fields: before, extra: livePreview(),
    command: (values) => ['queuectl cron edit', quote(item.name),
      editOptionsOf(changes(values)).join(' ') || '…'].join(' '),
    run: async (values) => {
      const changed = changes(values);
      if (!changed.length) return;
      await patch(`/schedules/${encodeURIComponent(item.name)}`, bodyOf(changed));
      app.done(`Schedule changed: ${item.name}`);
    } });
}
