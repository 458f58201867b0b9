import { Button, Select, TextInput } from "@mantine/core";
import { Inbox } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useSearchParams } from "react-router";
import { Card, Empty, Failure, Rows } from "../components/page";
import { useI18n, type Key } from "../i18n";
import { useDelayed } from "../lib/hooks";
import { useHappenings, usePages, useRepeated, type Query } from "../live/pages";
import { Table, type Column } from "./table";
import styles from "./admin.module.css";

/** How often a list of which no topic tells is read again, milliseconds. */
const REPEAT_MS = 15_000;
/** From the last letter of a filter to the question, milliseconds. */
const TYPED_MS = 350;

export interface Filter {
  readonly name: string;
  readonly label: Key;
  /** What can be chosen; without it any text. */
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
}

export interface RecordColumn<T> extends Omit<Column, "label"> {
  readonly label: Key;
  readonly cell: (row: T) => ReactNode;
}

interface RecordsProps<T> {
  readonly title: Key;
  readonly note?: string;
  readonly path: string;
  readonly query?: Query;
  /** The topic that tells of changes; without one the list is read again from time to time. */
  readonly topic?: string;
  readonly filters?: readonly Filter[];
  readonly columns: readonly RecordColumn<T>[];
  readonly idOf: (row: T) => string;
  readonly empty: Key;
  readonly actions?: (reload: () => void) => ReactNode;
  /** At the end of each row. */
  readonly rowActions?: (row: T, reload: () => void) => ReactNode;
  /** The track of these; the same in every row, so that columns stand in line. */
  readonly actionsWidth?: string;
}

/** A list of administrators: by cursor, filtered, up to date. Filters stand in the address. */
export function Records<T>({ title, note, path, query = {}, topic, filters = [], columns, idOf, empty, actions, rowActions, actionsWidth = "190px" }: RecordsProps<T>) {
  const { t } = useI18n();
  const [search, setSearch] = useSearchParams();
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>(() => Object.fromEntries(filters.map(({ name }) => [name, search.get(name) ?? ""])));
  const settled = useDelayed(typed, TYPED_MS);
  const list = usePages<T>(path, { ...query, ...settled });
  useHappenings(topic ?? null, list.reload);
  useRepeated(topic === undefined ? REPEAT_MS : null, list.reload);
  const filter = (name: string, value: string) => {
    setTyped({ ...typed, [name]: value });
    setSearch(
      (old) => {
        const next = new URLSearchParams(old);
        if (value === "") next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  };
  const isFiltered = Object.values(typed).some((value) => value !== "");
  const shown: readonly RecordColumn<T>[] = columns;
  const all: readonly Column[] = [
    ...shown.map(({ label, cell: _, ...column }) => ({ ...column, label: t(label) })),
    ...(rowActions === undefined ? [] : [{ key: "actions", label: t("common.actions"), width: actionsWidth, whole: true, right: true }]),
  ];
  return (
    <Card className={styles.block}>
      <div className={styles.title}>
        <h2>
          {t(title)} {note === undefined ? null : <small>{note}</small>}
        </h2>
        {actions?.(list.reload)}
      </div>
      {filters.length === 0 ? null : (
        <div className={styles.filters} role="search" aria-label={t("ops.filters")}>
          {filters.map(({ name, label, choices }) =>
            choices === undefined ? (
              <TextInput key={name} size="sm" label={t(label)} value={typed[name] ?? ""} onChange={(event) => filter(name, event.currentTarget.value)} />
            ) : (
              <Select key={name} size="sm" label={t(label)} placeholder={t("common.all")} clearable clearButtonProps={{ "aria-label": t("ops.filter.clear") }} value={typed[name] === "" ? null : (typed[name] ?? null)} onChange={(value) => filter(name, value ?? "")} data={[...choices]} />
            ),
          )}
        </div>
      )}
      {list.rows === undefined ? (
        list.error === undefined ? (
          <Rows count={5} height={48} />
        ) : (
          <Failure error={list.error} retry={list.reload} />
        )
      ) : list.rows.length === 0 ? (
        <Empty icon={Inbox} title={isFiltered ? t("ops.none") : t(empty)} />
      ) : (
        <>
          {list.error === undefined ? null : <Failure error={list.error} retry={list.reload} />}
          <Table
            label={t(title)}
            columns={all}
            rows={list.rows.map((row) => ({ id: idOf(row), cells: [...shown.map((column) => column.cell(row)), ...(rowActions === undefined ? [] : [rowActions(row, list.reload)])] }))}
          />
          {list.hasMore ? (
            <div className={styles.more}>
              <Button variant="default" onClick={list.more} loading={list.busy}>
                {t("common.more")}
              </Button>
            </div>
          ) : null}
        </>
      )}
    </Card>
  );
}
