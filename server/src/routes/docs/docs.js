// Swagger UI is dark by a class of the root element, not by the visitor's setting.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

SwaggerUIBundle({
  // Relative to this file, because a proxy may publish Decant below a path.
  url: new URL("../api/openapi.json", document.currentScript.src).href,
  dom_id: "#docs",
  deepLinking: true,
  // A page to read: a click must not restore a dump.
  supportedSubmitMethods: [],
  // The validator is a service of another host.
  validatorUrl: null,
});
