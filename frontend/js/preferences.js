// Theme and row height change at once and are told to the server; language reloads the page.
const root = document.documentElement;

export function preferences(token) {
  const save = (name, value) => {
    const url = document.body.dataset.preferences;
    if (!url) return Promise.resolve();
    const body = new URLSearchParams({ [name]: value });
    return fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token() } });
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-prefer]");
    if (!button) return;
    const name = button.dataset.prefer;
    if (name === "theme") {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      document.dispatchEvent(new Event("theme"));
      save("theme", root.dataset.theme);
    } else if (name === "density") {
      const order = ["compact", "standard", "relaxed"];
      root.dataset.density = order[(order.indexOf(root.dataset.density) + 1) % 3];
      save("density", root.dataset.density);
    } else {
      await save(name, button.dataset.value);
      location.reload();
    }
  });
}
