// Filter forms send short addresses: check boxes of one name become one comma list, empty fields are left out.
function join(form, data) {
  for (const name of new Set([...form.querySelectorAll("[data-join]")].map((box) => box.name))) {
    const values = [...form.querySelectorAll(`[data-join][name="${name}"]:checked`)].map((box) => box.value);
    data.delete(name);
    if (values.length) data.set(name, values.join(","));
  }
  for (const [name, value] of [...data.entries()]) if (value === "") data.delete(name);
}

export function filters() {
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    const form = ctx.sourceElement?.closest?.("form[data-filters]");
    if (form && ctx.request.body instanceof FormData) join(form, ctx.request.body);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
}
