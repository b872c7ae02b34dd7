// Filter forms send short addresses: check boxes of one name become one comma list, empty fields are left out.
function join(form, data) {
  for (const name of new Set([...form.querySelectorAll("[data-join]")].map((box) => box.name))) {
    const boxes = [...form.querySelectorAll(`[data-join][name="${name}"]`)];
    const values = boxes.filter((box) => box.checked).map((box) => box.value);
    const said = new URLSearchParams(location.search).has(name) || boxes.some((box) => box.checked !== box.defaultChecked);
    data.delete(name);
    if (said && values.length) data.set(name, values.join(","));
  }
  for (const [name, value] of [...data.entries()]) if (value === "") data.delete(name);
}

export function filters() {
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    const form = ctx.sourceElement?.closest?.("form[data-filters]");
    if (form && ctx.request.body instanceof FormData) join(form, ctx.request.body);
  });
  // What was typed is searched for while typing; leaving the field must not fetch the rows again under a selection.
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("form[hx-get] [type=search]")) event.stopPropagation();
  }, true);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
}
