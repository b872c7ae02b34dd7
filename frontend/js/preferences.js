// Theme and row height change at once and are told to the server: [data-set="theme"][data-value="dark"].
const root = document.documentElement;
const said = document.body.dataset;

export function preferences() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-set]");
    if (!button) return;
    const { set: name, value } = button.dataset;
    root.dataset[name] = value;
    for (const other of document.querySelectorAll(`[data-set="${name}"]`)) other.setAttribute("aria-pressed", String(other === button));
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
    if (said.preferences) {
      const body = new URLSearchParams({ [name]: value });
      fetch(said.preferences, { method: "POST", keepalive: true, body, headers: { "X-CSRFToken": said.csrf } });
    }
    if (name === "theme") window.drawCharts?.(true);
  });
}
