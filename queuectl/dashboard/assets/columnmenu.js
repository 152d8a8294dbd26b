// The dialog that chooses the columns of the job list. Each change shows at once.

import { ALWAYS, COLUMNS, DEFAULTS, DENSITIES } from './columns.js';
import { open } from './dialogs.js';
import { $, button, h, head } from './ui.js';

// `apply({shown, density})` is called after each change.
export function columnMenu(layout, apply) {
  let order;
  let shown;
  const density = h('select', { id: 'density', on: { change: () => changed() } },
    DENSITIES.map((value) => h('option', { value }, value)));
  const list = h('ul', { class: 'choices' });
  const changed = () => apply({ shown: order.filter((name) => shown.has(name)), density: density.value });

  function begin(values) {
    order = [...values.shown, ...[...COLUMNS.keys()].filter((name) => !values.shown.includes(name))];
    shown = new Set(values.shown);
    density.value = values.density;
    draw();
  }

  function move(name, step) {
    const at = order.indexOf(name);
    order.splice(at, 1);
    order.splice(at + step, 0, name);
    draw();
    const moved = $(`[data-column=${name}]`, list);
    ($(`[data-step="${step}"]:enabled`, moved) || $('button:enabled', moved)).focus();
    changed();
  }

  function line(name, index) {
    const [title] = COLUMNS.get(name);
    const toggle = (event) => { shown[event.target.checked ? 'add' : 'delete'](name); changed(); };
    const mover = (label, step, end) => button(label, () => move(name, step), { class: 'small', 'data-step': step,
      'aria-label': `Move ${title} ${label.toLowerCase()}`, disabled: index === end });
    return h('li', { class: 'row', 'data-column': name },
      h('label', { class: 'check grow' }, h('input', { type: 'checkbox', checked: shown.has(name),
        disabled: name === ALWAYS, on: { change: toggle } }), title,
      name === ALWAYS ? h('small', {}, 'always shown') : null),
      mover('Up', -1, 0), mover('Down', 1, order.length - 1));
  }

  function draw() {
    list.replaceChildren(...order.map(line));
  }

  begin(layout);
  return open('Columns', (close) => [
    head('Columns', button('Close', () => close(null))), h('label', {}, 'Density', density), list,
    h('div', { class: 'row end' }, button('Reset', () => { begin(DEFAULTS); changed(); }))]);
}
