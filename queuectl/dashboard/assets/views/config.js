// The settings: value, source, allowed values; each is changed in place, with the reason of a refusal beside it.

import { get, patch as change } from '../api.js';
import { quote } from '../format.js';
import { listCard } from '../lists.js';
import { button, equivalent, h, head, heading, readOnly, reasonOf, text, toast } from '../ui.js';

const COLUMNS = [['Setting'], ['Value'], ['Source'], ['Default'], ['Actions', 'sr']];

export function mount(root, { signal }) {
  const cards = h('div', {});
  const search = h('input', { type: 'search', 'aria-label': 'Find a setting', placeholder: 'Find a setting',
    on: { input: () => draw() } });
  root.append(head('Configuration', search), cards);
  let items = [];
  const groups = new Map();

  async function save(item, value, problem, input) {
    problem.hidden = true;
    input.removeAttribute('aria-invalid');
    try {
      items = (await change('/config', { [item.name]: value })).items;
      toast(value === null ? `${item.name} is back at its default` : `${item.name} = ${value}`);
      draw();
    } catch (error) {
      text(problem, reasonOf(error));
      problem.hidden = false;
      input.setAttribute('aria-invalid', 'true');
      input.focus();
    }
  }

  /** @param {Api.Setting} item */
  function row(item) {
    const id = `setting-${item.name}`;
    const fixed = readOnly || item.source === 'environment';
    const problem = h('div', { class: 'error', id: `${id}-problem`, role: 'alert', hidden: true });
    const input = h('input', { id, value: item.value, disabled: fixed, spellcheck: 'false',
      'aria-describedby': `${id}-problem`, 'aria-label': item.name, autocomplete: 'off' });
    const store = h('button', { class: 'small', disabled: true, 'aria-label': `Save ${item.name}` }, 'Save');
    const same = h('div', { hidden: true });
    input.addEventListener('input', () => {
      store.disabled = input.value === item.value;
      same.hidden = store.disabled;
      same.replaceChildren(equivalent(`queuectl config set ${item.name} ${quote(input.value || '""')}`));
    });
    const submit = (event) => { event.preventDefault(); save(item, input.value, problem, input); };
    const reset = item.source === 'home' && !readOnly ? button('Reset', () => save(item, null, problem, input),
      { class: 'small', 'aria-label': `Reset ${item.name}`, title: `queuectl config reset ${item.name}` }) : '';
    return [heading([h('label', { for: id, class: 'mono' }, item.name), h('div', { class: 'hint' }, item.help)]),
      h('div', {}, h('form', { class: 'row', on: { submit } }, input, fixed ? null : store),
        item.allowed ? h('div', { class: 'hint' }, item.allowed) : null, problem, same),
      item.source === 'environment' ? `environment: ${item.environment}` : item.source,
      h('code', {}, item.default), reset];
  }

  function draw() {
    const wanted = search.value.trim().toLowerCase();
    const shown = items.filter(({ name, help, aliases }) => [name, help, ...aliases].join(' ').toLowerCase()
      .includes(wanted));
    for (const group of new Set(items.map((item) => item.group))) {
      if (!groups.has(group)) {
        const list = listCard(group, COLUMNS, ({ name }) => name, row, { caption: `Settings: ${group}` });
        groups.set(group, list);
        cards.append(list.element);
      }
      groups.get(group).show(shown.filter((item) => item.group === group));
    }
  }

  // Nothing changes while the user types: settings change rarely.
  return { refresh: async () => {
    if (cards.contains(document.activeElement)) return;
    items = (await get('/config', null, signal)).items;
    draw();
  } };
}
