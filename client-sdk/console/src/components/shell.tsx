import { Button, Popover, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { Activity, BriefcaseBusiness, Coins, FileText, Gem, LayoutTemplate, ListChecks, LogOut, MessageSquareHeart, Plus, ServerCog, UserRound, type LucideIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link, NavLink, Outlet, useLocation } from "react-router";
import { useI18n, type Key } from "../i18n";
import { number } from "../lib/format";
import { useLive } from "../live/live";
import { useOffered, type Area } from "../live/offered";
import { useToasts } from "../live/toasts";
import { ConfirmHost } from "./confirm";
import { ConnectionBadge, ConnectionBanner } from "./connection";
import { FeedbackDialog } from "./feedback";
import { Maintenance, useKeptLanguage } from "./house";
import { Logo, Mark } from "./logo";
import { cx } from "../lib/cx";
import styles from "./shell.module.css";

interface Place {
  readonly to: string;
  readonly label: Key;
  readonly short: Key;
  readonly icon: LucideIcon;
  /** Shown where the server has it. */
  readonly area?: Area;
}

const PLACES: readonly Place[] = [
  { to: "/cvs", label: "nav.cvs", short: "nav.cvs", icon: FileText },
  { to: "/tasks", label: "nav.tasks", short: "nav.tasks", icon: ListChecks },
  { to: "/offers", label: "nav.offers", short: "nav.offers.short", icon: BriefcaseBusiness },
  { to: "/credits", label: "nav.credits", short: "nav.credits", icon: Coins },
  { to: "/plans", label: "nav.plans", short: "nav.plans", icon: Gem, area: "plans" },
  { to: "/export-templates", label: "nav.designs", short: "nav.designs", icon: LayoutTemplate, area: "exportTemplates" },
  { to: "/inspector", label: "nav.inspector", short: "nav.inspector", icon: Activity },
];
/** For administrators only. */
const ADMIN: Place = { to: "/admin", label: "nav.admin", short: "nav.admin", icon: ServerCog };

/** The frame of every page: navigation, balance, connection. */
export function Shell() {
  const { t, language } = useI18n();
  const { user, me } = useLive();
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  useToasts();
  useKeptLanguage();
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [pathname]);
  const running = user.state?.tasks.length ?? 0;
  const balance = user.state === undefined ? "" : number(language, user.state.credits.balance);
  const offered = useOffered();
  const places = PLACES.filter(({ area }) => area === undefined || offered.has(area));
  const [cvs, tasks, offers, credits] = PLACES;
  return (
    <div className={styles.shell}>
      <a className="skip-link" href="#main" onClick={() => main.current?.focus()}>
        {t("app.skip")}
      </a>
      <aside className={styles.side} aria-label="Estafette">
        <Link to="/cvs" className={styles.brand} aria-label="Estafette">
          <Logo />
        </Link>
        <Button component={Link} to="/generate" leftSection={<Plus size={17} aria-hidden="true" />} fullWidth>
          {t("nav.generate")}
        </Button>
        <nav className={styles.nav} aria-label={t("nav.main")}>
          {(me.role === "ADMIN" ? [...places, ADMIN] : places).map(({ to, label, icon: Icon }) => (
            <NavLink key={to} to={to} className={cx(styles.link)}>
              <Icon size={18} strokeWidth={1.8} aria-hidden="true" />
              {t(label)}
              {to === "/tasks" && running > 0 ? <span className={cx(styles.count, "num")}>{running}</span> : null}
              {to === "/credits" ? <span className={cx(styles.amount, "num")}>{balance}</span> : null}
            </NavLink>
          ))}
        </nav>
        <div className={styles.foot}>
          <ConnectionBadge />
          <Account />
        </div>
      </aside>
      <header className={styles.top}>
        <Link to="/cvs" aria-label="Estafette">
          <Mark size={30} />
        </Link>
        <span className={styles.spring} />
        <ConnectionBadge compact />
        <Account compact />
      </header>
      <main id="main" ref={main} className={styles.main} tabIndex={-1}>
        <ConnectionBanner />
        <Maintenance />
        <Outlet />
        <ConfirmHost />
      </main>
      <nav className={styles.tabs} aria-label={t("nav.main")}>
        {[cvs, offers].map((place) => (place === undefined ? null : <Tab key={place.to} place={place} />))}
        <NavLink to="/generate" className={cx(styles.tab)}>
          <span className={styles.fab}>
            <Plus size={19} aria-hidden="true" />
          </span>
          {t("nav.generate.short")}
        </NavLink>
        {tasks === undefined ? null : <Tab place={tasks} badge={running > 0} />}
        {credits === undefined ? null : <Tab place={credits} />}
      </nav>
    </div>
  );
}

function Tab({ place, badge = false }: { readonly place: Place; readonly badge?: boolean }) {
  const { t } = useI18n();
  const Icon = place.icon;
  return (
    <NavLink to={place.to} className={cx(styles.tab)}>
      <Icon size={22} strokeWidth={1.7} aria-hidden="true" />
      {t(place.short)}
      {badge ? <span className={styles.badge} /> : null}
    </NavLink>
  );
}

function Account({ compact = false }: { readonly compact?: boolean }) {
  const { t, language, setLanguage } = useI18n();
  const { me, session } = useLive();
  const offered = useOffered();
  const [speaking, setSpeaking] = useState(false);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [open, setOpen] = useState(false);
  const name = me.name ?? me.email ?? "?";
  return (
    <Popover opened={open} onChange={setOpen} width={264} position={compact ? "bottom-end" : "top-start"} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" onClick={() => setOpen((value) => !value)} className={styles.me} style={compact ? { width: "auto", padding: 2 } : undefined}>
          <span className="visually-hidden">{t("nav.account")}</span>
          <span className={styles.avatar} aria-hidden="true">
            {name.charAt(0).toUpperCase()}
          </span>
          {compact ? null : (
            <span className={styles.who}>
              <span className="truncate">{name}</span>
              <small className="truncate">{me.email}</small>
            </span>
          )}
        </button>
      </Popover.Target>
      <Popover.Dropdown p={8} aria-label={t("nav.account")}>
        <div style={{ padding: "4px 8px 10px", display: "grid", gap: 6 }}>
          <span className="muted" style={{ fontSize: 12.5 }}>
            {t("nav.language")}
          </span>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label={t("nav.language")}
            value={language}
            onChange={(value) => setLanguage(value === "fr" ? "fr" : "en")}
            data={[
              { value: "en", label: "English" },
              { value: "fr", label: "Français" },
            ]}
          />
          <span className="muted" style={{ fontSize: 12.5, marginTop: 4 }}>
            {t("nav.theme")}
          </span>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label={t("nav.theme")}
            value={colorScheme}
            onChange={(value) => setColorScheme(value)}
            data={[
              { value: "light", label: t("theme.light") },
              { value: "dark", label: t("theme.dark") },
              { value: "auto", label: t("theme.auto") },
            ]}
          />
        </div>
        <MenuLink to="/account" icon={UserRound} label={t("me.title")} onClick={() => setOpen(false)} />
        {compact
          ? [...PLACES.slice(4).filter(({ area }) => area === undefined || offered.has(area)), ...(me.role === "ADMIN" ? [ADMIN] : [])].map(({ to, icon, label }) => <MenuLink key={to} to={to} icon={icon} label={t(label)} onClick={() => setOpen(false)} />)
          : null}
        {offered.has("feedback") ? (
          <Button
            variant="subtle"
            color="gray"
            justify="flex-start"
            fullWidth
            leftSection={<MessageSquareHeart size={16} aria-hidden="true" />}
            onClick={() => {
              setOpen(false);
              setSpeaking(true);
            }}
          >
            {t("feedback.open")}
          </Button>
        ) : null}
        <Button variant="subtle" color="gray" justify="flex-start" fullWidth leftSection={<LogOut size={16} aria-hidden="true" />} onClick={() => void session.signOut()}>
          {t("nav.signout")}
        </Button>
      </Popover.Dropdown>
      <FeedbackDialog opened={speaking} onClose={() => setSpeaking(false)} />
    </Popover>
  );
}

function MenuLink({ to, icon: Icon, label, onClick }: { readonly to: string; readonly icon: LucideIcon; readonly label: string; readonly onClick: () => void }) {
  return (
    <Button component={Link} to={to} onClick={onClick} variant="subtle" color="gray" justify="flex-start" fullWidth leftSection={<Icon size={16} aria-hidden="true" />}>
      {label}
    </Button>
  );
}
