/** The HTTP interface as a page to browse and try: Swagger UI on the server's own description. Nothing is loaded from elsewhere. */
import SwaggerUIBundle from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#interface",
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  // The badge would ask somebody else's server about ours.
  validatorUrl: null,
});
