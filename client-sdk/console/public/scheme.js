(function () {
  var stored = null;
  try {
    stored = localStorage.getItem("estafette.scheme");
  } catch {
    // Storage may be refused: then the system's choice holds.
  }
  var dark = stored === "dark" || (stored !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
