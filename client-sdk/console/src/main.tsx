import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@fontsource-variable/geist";
import "@fontsource-variable/geist-mono";
import "./styles/tokens.css";
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "./app";
import { I18nProvider } from "./i18n";
import { theme, variables } from "./theme";

const schemes = localStorageColorSchemeManager({ key: "estafette.scheme" });
const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} colorSchemeManager={schemes} defaultColorScheme="auto">
      <I18nProvider>
        <BrowserRouter>
          <App />
        </BrowserRouter>
        <Notifications position="bottom-right" limit={4} containerWidth={380} />
      </I18nProvider>
    </MantineProvider>
  </StrictMode>,
);
