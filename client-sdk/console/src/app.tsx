import { Skeleton } from "@mantine/core";
import { FileQuestion } from "lucide-react";
import { lazy, Suspense, type ComponentType, type ReactNode } from "react";
import { Button } from "@mantine/core";
import { Link, Navigate, Route, Routes, useLocation } from "react-router";
import { Empty, Page } from "./components/page";
import { Shell } from "./components/shell";
import { useT } from "./i18n";
import { LiveProvider, useMe } from "./live/live";
import { useOffered, type Area } from "./live/offered";
import { Boundary } from "./components/boundary";

const SignIn = lazy(() => import("./pages/sign-in"));
const Cvs = lazy(() => import("./pages/cvs"));
const Cv = lazy(() => import("./pages/cv"));
const Generate = lazy(() => import("./pages/generate"));
const Tasks = lazy(() => import("./pages/tasks"));
const Task = lazy(() => import("./pages/task"));
const Offers = lazy(() => import("./pages/offers"));
const Offer = lazy(() => import("./pages/offer"));
const Credits = lazy(() => import("./pages/credits"));
const Inspector = lazy(() => import("./pages/inspector"));
const Forgot = lazy(() => import("./pages/enter/forgot"));
const Reset = lazy(() => import("./pages/enter/reset"));
const Verify = lazy(() => import("./pages/enter/verify"));
const EmailChange = lazy(() => import("./pages/enter/email-change"));
const OAuth = lazy(() => import("./pages/enter/oauth"));
const Account = lazy(() => import("./pages/account"));
const Profile = lazy(() => import("./pages/account/profile"));
const Security = lazy(() => import("./pages/account/security"));
const Privacy = lazy(() => import("./pages/account/privacy"));
const NewCv = lazy(() => import("./pages/new-cv"));
const ExportTemplates = lazy(() => import("./pages/export-templates"));
const Plans = lazy(() => import("./pages/plans"));
const Admin = lazy(() => import("./pages/admin"));
const AdminNow = lazy(() => import("./admin/now"));
const AdminClient = lazy(() => import("./admin/client"));

/** Pages of administrators, each with what it stands on. */
const OPERATIONS: readonly (readonly [path: string, area: Area, page: ComponentType])[] = [
  ["users", "adminUsers", lazy(() => import("./admin/users"))],
  ["plans", "adminPlans", lazy(() => import("./admin/plans"))],
  ["packs", "adminPacks", lazy(() => import("./admin/packs"))],
  ["promo-codes", "adminPromo", lazy(() => import("./admin/promo-codes"))],
  ["settings", "adminSettings", lazy(() => import("./admin/settings"))],
  ["emails", "adminMails", lazy(() => import("./admin/emails"))],
  ["emails/templates", "adminTemplates", lazy(() => import("./admin/email-templates"))],
  ["emails/triggers", "adminTriggers", lazy(() => import("./admin/email-triggers"))],
  ["costs", "adminUsage", lazy(() => import("./admin/costs"))],
  ["costs/calls", "adminCalls", lazy(() => import("./admin/calls"))],
  ["costs/pricing", "adminPricing", lazy(() => import("./admin/pricing"))],
  ["costs/alerts", "adminAlerts", lazy(() => import("./admin/alerts"))],
  ["webhooks", "adminWebhooks", lazy(() => import("./admin/webhooks"))],
  ["feedback", "adminFeedback", lazy(() => import("./admin/feedback"))],
  ["telemetry", "adminTelemetry", lazy(() => import("./admin/telemetry"))],
];

/** Where e-mails and providers lead. */
const LINKED: readonly (readonly [path: string, area: Area, page: ComponentType])[] = [
  ["/forgot-password", "forgot", Forgot],
  ["/reset-password", "forgot", Reset],
  ["/verify-email", "verify", Verify],
  ["/email-change", "emailChange", EmailChange],
];

/** What the address of a sign-in at another provider ends with. */
const BACK = /[#&](?:auto_sign_in|error)=/u;

export function App() {
  const me = useMe();
  const offered = useOffered();
  const { pathname, hash } = useLocation();
  const isBack = BACK.test(hash);
  // Links of e-mails work for everybody, signed in or not.
  const linked = LINKED.find(([path, area]) => path === pathname && offered.has(area));
  if (linked !== undefined) {
    const LinkedPage = linked[2];
    return (
      <Loaded>
        <LinkedPage />
      </Loaded>
    );
  }
  if (pathname === "/sign-in" && isBack)
    return (
      <Loaded>
        <OAuth />
      </Loaded>
    );
  if (me === undefined)
    return (
      <Loaded>
        <SignIn />
      </Loaded>
    );
  const { has } = offered;
  return (
    <LiveProvider me={me} key={me.id}>
      <Routes>
        <Route element={<Shell />}>
          <Route index element={<Navigate to="/cvs" replace />} />
          <Route path="sign-in" element={<Navigate to="/cvs" replace />} />
          <Route path="sign-up" element={<Navigate to="/cvs" replace />} />
          <Route path="cvs" element={<Loaded><Cvs /></Loaded>} />
          {has("import") || has("jobTitle") || has("template") ? <Route path="cvs/new" element={<Loaded><NewCv /></Loaded>} /> : null}
          <Route path="cvs/:id" element={<Loaded><Cv /></Loaded>} />
          <Route path="generate" element={<Loaded><Generate /></Loaded>} />
          <Route path="tasks" element={<Loaded><Tasks /></Loaded>} />
          <Route path="tasks/:id" element={<Loaded><Task /></Loaded>} />
          <Route path="offers" element={<Loaded><Offers /></Loaded>} />
          <Route path="offers/:id" element={<Loaded><Offer /></Loaded>} />
          <Route path="credits" element={<Loaded><Credits /></Loaded>} />
          {has("plans") ? <Route path="plans" element={<Loaded><Plans /></Loaded>} /> : null}
          {has("exportTemplates") ? <Route path="export-templates" element={<Loaded><ExportTemplates /></Loaded>} /> : null}
          <Route path="account" element={<Loaded><Account /></Loaded>}>
            <Route index element={<Loaded><Profile /></Loaded>} />
            <Route path="security" element={<Loaded><Security /></Loaded>} />
            <Route path="privacy" element={<Loaded><Privacy /></Loaded>} />
          </Route>
          <Route path="inspector" element={<Loaded><Inspector /></Loaded>} />
          {me.role === "ADMIN" ? (
            <Route path="admin" element={<Loaded><Admin /></Loaded>}>
              <Route index element={<Loaded><AdminNow /></Loaded>} />
              <Route path="client" element={<Loaded><AdminClient /></Loaded>} />
              {OPERATIONS.filter(([, area]) => has(area)).map(([path, , OperationPage]) => (
                <Route key={path} path={path} element={<Loaded><OperationPage /></Loaded>} />
              ))}
            </Route>
          ) : null}
          <Route path="*" element={offered.known ? <NotFound /> : <Loading />} />
        </Route>
      </Routes>
    </LiveProvider>
  );
}

/** Pages come in chunks of their own; a page that breaks leaves the frame standing. */
function Loaded({ children }: { readonly children: ReactNode }) {
  return (
    <Boundary>
      <Suspense fallback={<Loading />}>{children}</Suspense>
    </Boundary>
  );
}

function Loading() {
  const t = useT();
  return (
    <div role="status" aria-label={t("common.loading")} style={{ padding: "24px 0" }}>
      <Skeleton height={160} radius="lg" />
    </div>
  );
}

function NotFound() {
  const t = useT();
  return (
    <Page title={t("common.notFound")}>
      <Empty icon={FileQuestion} title={t("common.notFound")} text={t("err.gone.text")}>
        <Button component={Link} to="/cvs">
          {t("common.home")}
        </Button>
      </Empty>
    </Page>
  );
}
