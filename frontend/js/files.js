// Drag a file onto a [data-drop] label, or choose it; its name is shown. [data-upload] forms show progress while sending.
export function files() {
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const zone = event.target.closest?.("[data-drop]");
      if (!zone) return;
      event.preventDefault();
      zone.classList.toggle("over", name === "dragover");
      const input = zone.querySelector("input[type=file]") ?? zone;
      if (name === "drop" && event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-drop] input[type=file]")) return;
    const names = event.target.closest("[data-drop]").querySelector("[data-drop-names]");
    if (names) names.textContent = [...event.target.files].map((file) => file.name).join(", ");
  });
  document.addEventListener("submit", (event) => {
    const bar = event.target.matches?.("[data-upload]") && event.target.querySelector("[data-progress]");
    if (bar) {
      bar.hidden = false;
      bar.removeAttribute("value");
    }
  });
}
