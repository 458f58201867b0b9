declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  /** The settings that are used here; see https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/. */
  export default function SwaggerUIBundle(settings: {
    url: string;
    dom_id: string;
    deepLinking: boolean;
    docExpansion: "list";
    filter: boolean;
    validatorUrl: null;
  }): unknown;
}
