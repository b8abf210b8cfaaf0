// The page is whole without this: it lets one sound play at a time, and sorts and filters tables.

document.addEventListener("play", event => document.querySelectorAll("audio").forEach(
  other => { if (other !== event.target) other.pause(); }), true);

const cellText = (row, column) => row.cells[column].textContent.trim();

function compare(first, second) {
  const [a, b] = [parseFloat(first), parseFloat(second)];
  if (isNaN(a) || isNaN(b)) return isNaN(a) && isNaN(b) ? first.localeCompare(second) : isNaN(a) - isNaN(b);
  return a - b;
}

// A click on a head sorts by its column, a second one turns the order; what is not a number stands last.
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const falling = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const empty = row => isNaN(parseFloat(cellText(row, column))) && head.classList.contains("number");
      const rows = [...table.tBodies[0].rows].sort((a, b) =>
        empty(a) - empty(b) || (falling ? -1 : 1) * compare(cellText(a, column), cellText(b, column)));
      table.tBodies[0].append(...rows);
    });
  });
}

// Boxes above a table that show or hide the rows with each value of one column; ours always stay.
function filtered(table) {
  const column = [...table.tHead.rows[0].cells].findIndex(head => head.textContent === table.dataset.filter);
  const values = [...new Set([...table.tBodies[0].rows].map(row => cellText(row, column)))].sort();
  const group = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = table.dataset.filter;
  group.append(legend);
  values.filter(value => value !== "-").forEach(value => {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
    box.addEventListener("change", () => [...table.tBodies[0].rows].forEach(row => {
      if (cellText(row, column) === value && !row.classList.contains("own")) row.hidden = !box.checked;
    }));
    label.append(box, ` ${value}`);
    group.append(label);
  });
  table.parentElement.before(group);
}

document.querySelectorAll("table[data-filter]").forEach(filtered);
document.querySelectorAll("table.sortable").forEach(sortable);
