import { Button, Switch, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { Card, Failure, Rows } from "../components/page";
import { isKey, useI18n, type Translate } from "../i18n";
import { useDoing } from "../lib/actions";
import { ago, dateTime } from "../lib/format";
import { useFetched, useLive } from "../live/live";
import { useHappenings } from "../live/pages";
import type { Setting } from "../model/operations";
import styles from "./admin.module.css";

/** Settings whose value is yes or no. */
const FLAGS: ReadonlySet<string> = new Set(["registration_enabled", "maintenance_mode"]);

/** Every setting by its group; what is saved is in force on all nodes within two seconds. */
export default function Settings() {
  const { t } = useI18n();
  const { data, error, reload } = useFetched<readonly Setting[]>("/v1/cv/admin/settings");
  useHappenings("app", reload);
  if (data === undefined) return <Card>{error === undefined ? <Rows count={6} height={50} /> : <Failure error={error} retry={reload} />}</Card>;
  const groups = [...new Set(data.map((setting) => setting.category))];
  return (
    <>
      {groups.map((group) => (
        <Card key={group} className={styles.block}>
          <div className={styles.title}>
            <h2>{groupName(t, group)}</h2>
          </div>
          {data
            .filter((setting) => setting.category === group)
            .map((setting) => (
              <Row key={`${setting.setting_name} ${setting.value}`} setting={setting} onSaved={reload} />
            ))}
        </Card>
      ))}
    </>
  );
}

function groupName(t: Translate, group: string): string {
  const key = `ops.settings.${group}`;
  return isKey(key) ? t(key) : group;
}

function Row({ setting, onSaved }: { readonly setting: Setting; readonly onSaved: () => void }) {
  const { t, language } = useI18n();
  const { client } = useLive();
  const { busy, run } = useDoing();
  const [value, setValue] = useState(setting.value);
  const save = (next: string) =>
    run(() => client.call("admin.settings_set", { values: { [setting.setting_name]: next } }), t("me.saved")).then((done) => {
      if (done) onSaved();
      else setValue(setting.value);
    });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void save(value);
  };
  const isFlag = FLAGS.has(setting.setting_name);
  const isOn = setting.value === "1" || setting.value === "true";
  const label = `ops.setting.${setting.setting_name}`;
  const name = isKey(label) ? t(label) : setting.setting_name;
  return (
    <form className={styles.setting} onSubmit={submit} data-setting={setting.setting_name}>
      <div>
        <b className={styles.kind}>{name}</b>
        <div className={styles.sub}>
          <span className="mono">{setting.setting_name}</span>
          {setting.description === null ? null : ` · ${setting.description}`} · <time title={dateTime(language, setting.updated_at)}>{ago(language, setting.updated_at)}</time>
        </div>
      </div>
      {isFlag ? (
        <Switch checked={isOn} disabled={busy} aria-label={name} onChange={(event) => void save(event.currentTarget.checked ? "1" : "0")} />
      ) : (
        <span className={styles.buttons} style={{ flexWrap: "nowrap" }}>
          <TextInput size="sm" aria-label={name} value={value} onChange={(event) => setValue(event.currentTarget.value)} />
          <Button size="sm" variant="default" type="submit" loading={busy} disabled={value === setting.value}>
            {t("common.save")}
          </Button>
        </span>
      )}
    </form>
  );
}
