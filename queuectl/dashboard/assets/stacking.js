// A table that is wider than its place shows each row as a card; on a phone every table does.

const phone = matchMedia('(max-width: 760px)');
const needed = new WeakMap(); // table: the width that was missing

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

// Check whether a table has room: now, since its columns have changed, and whenever its size changes.
export function stack(table) {
  needed.delete(table);
  sizes.observe(table);
  arrange(table);
}
