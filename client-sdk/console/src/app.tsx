import { Skeleton } from "@mantine/core";
import { FileQuestion } from "lucide-react";
import { lazy, Suspense, type ReactNode } from "react";
import { Button } from "@mantine/core";
import { Link, Navigate, Route, Routes } from "react-router";
import { Empty, Page } from "./components/page";
import { Shell } from "./components/shell";
import { useT } from "./i18n";
import { LiveProvider, useMe } from "./live/live";
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
const Admin = lazy(() => import("./pages/admin"));
const AdminNow = lazy(() => import("./admin/now"));
const AdminClient = lazy(() => import("./admin/client"));

export function App() {
  const me = useMe();
  if (me === undefined)
    return (
      <Loaded>
        <SignIn />
      </Loaded>
    );
  return (
    <LiveProvider me={me} key={me.id}>
      <Routes>
        <Route element={<Shell />}>
          <Route index element={<Navigate to="/cvs" replace />} />
          <Route path="cvs" element={<Loaded><Cvs /></Loaded>} />
          <Route path="cvs/:id" element={<Loaded><Cv /></Loaded>} />
          <Route path="generate" element={<Loaded><Generate /></Loaded>} />
          <Route path="tasks" element={<Loaded><Tasks /></Loaded>} />
          <Route path="tasks/:id" element={<Loaded><Task /></Loaded>} />
          <Route path="offers" element={<Loaded><Offers /></Loaded>} />
          <Route path="offers/:id" element={<Loaded><Offer /></Loaded>} />
          <Route path="credits" element={<Loaded><Credits /></Loaded>} />
          <Route path="inspector" element={<Loaded><Inspector /></Loaded>} />
          {me.role === "ADMIN" ? (
            <Route path="admin" element={<Loaded><Admin /></Loaded>}>
              <Route index element={<Loaded><AdminNow /></Loaded>} />
              <Route path="client" element={<Loaded><AdminClient /></Loaded>} />
            </Route>
          ) : null}
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </LiveProvider>
  );
}

/** Pages come in chunks of their own; a page that breaks leaves the frame standing. */
function Loaded({ children }: { readonly children: ReactNode }) {
  return (
    <Boundary>
      <Suspense fallback={<Skeleton height={160} m={32} radius="lg" />}>{children}</Suspense>
    </Boundary>
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
