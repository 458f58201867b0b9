import type { ReactNode } from "react";
import { cx } from "../lib/cx";
import styles from "./admin.module.css";

export interface Column {
  readonly key: string;
  readonly label: string;
  /** A number: to the right. */
  readonly right?: boolean;
  /** A track of the grid, on a laptop. */
  readonly width: string;
  /** Takes the card's whole width, on a phone. */
  readonly whole?: boolean;
}

export interface TableRow {
  readonly id: string;
  readonly cells: readonly ReactNode[];
}

/** Rows with columns; on a phone each row is a card whose values have their names. */
export function Table({ label, columns, rows }: { readonly label: string; readonly columns: readonly Column[]; readonly rows: readonly TableRow[] }) {
  const style = { "--tracks": columns.map((column) => column.width).join(" ") } as React.CSSProperties;
  return (
    <div role="table" aria-label={label} style={style}>
      <div role="row" className={cx(styles.row, styles.head)}>
        {columns.map((column) => (
          <span key={column.key} role="columnheader" className={cx(column.right === true && styles.right)}>
            {column.label}
          </span>
        ))}
      </div>
      {rows.map((row) => (
        <div key={row.id} role="row" className={styles.row} data-row={row.id}>
          {columns.map((column, index) => (
            <div key={column.key} role="cell" className={cx(styles.cell, column.right === true && styles.right, column.whole === true && styles.whole)}>
              {index === 0 ? null : <span className={styles.label}>{column.label}</span>}
              {row.cells[index]}
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
