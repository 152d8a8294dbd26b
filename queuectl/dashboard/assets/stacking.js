// Tables that are wider than their place show each row as a card, whatever columns and texts they have; on a phone
// all do.

const phone = matchMedia('(max-width: 760px)');
const needed = new WeakMap(); // table: the width that it did not have

const roomOf = (table) => {
  const { paddingLeft, paddingRight } = getComputedStyle(table.parentElement);
  return table.parentElement.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
};

function arrange(table) {
  if (!table.isConnected || !table.checkVisibility()) return;
  if (phone.matches || roomOf(table) < needed.get(table)) {
    table.classList.add('stacked');
    return;
  }
  table.classList.remove('stacked');
  if (table.offsetWidth <= roomOf(table) + 1) return; // without cards there may be no scroll bar, and more room
  needed.set(table, table.offsetWidth);
  table.classList.add('stacked');
}

const sizes = new ResizeObserver((entries) => { for (const { target } of entries) arrange(target); });

// Look again whether a table has room: always when its size changes, and now that its columns do.
export function stack(table) {
  needed.delete(table);
  sizes.observe(table);
  arrange(table);
}
