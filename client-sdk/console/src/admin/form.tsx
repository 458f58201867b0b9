import { Button, Group, Modal, NumberInput, Select, Stack, Switch, Textarea, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useI18n, type Key } from "../i18n";
import { useDoing } from "../lib/actions";
import { changedOf, emptyOf, type Field, type Values } from "../lib/fields";

interface EditProps {
  readonly title: string;
  readonly fields: readonly Field[];
  /** What it is now; missing for a new one. */
  readonly values?: Values;
  /** What is sent: of an existing one only what changed. */
  readonly onSave: (values: Values) => Promise<unknown>;
  readonly onClose: () => void;
  readonly opened: boolean;
  readonly done?: Key;
  readonly save?: Key;
}

/** A dialog made of fields. */
export function Edit({ title, opened, onClose, ...rest }: EditProps) {
  const { t } = useI18n();
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      {opened ? <Form {...rest} onClose={onClose} /> : null}
    </Modal>
  );
}

function Form({ fields, values, onSave, onClose, done = "me.saved", save = "common.save" }: Omit<EditProps, "title" | "opened">) {
  const { t } = useI18n();
  const { busy, run } = useDoing();
  const [start] = useState<Values>(() => values ?? emptyOf(fields));
  const [current, setCurrent] = useState<Values>(start);
  const set = (name: string, value: unknown) => setCurrent((old) => ({ ...old, [name]: value }));
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void run(() => onSave(changedOf(fields, values === undefined ? null : start, current)), t(done)).then((well) => {
      if (well) onClose();
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {fields.map((field) => (
          <FieldInput key={field.name} field={field} value={current[field.name]} onChange={(value) => set(field.name, value)} />
        ))}
        <Group justify="flex-end" mt="sm">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={busy}>
            {t(save)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function FieldInput({ field, value, onChange }: { readonly field: Field; readonly value: unknown; readonly onChange: (value: unknown) => void }) {
  const { t } = useI18n();
  const shared = { label: t(field.label), description: field.hint === undefined ? undefined : t(field.hint), required: field.required === true, withAsterisk: field.required === true };
  const text = typeof value === "string" ? value : "";
  if (field.kind === "switch") return <Switch label={t(field.label)} description={shared.description} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
  if (field.kind === "number")
    return (
      <NumberInput
        {...shared}
        value={typeof value === "number" ? value : ""}
        onChange={(next) => onChange(typeof next === "number" ? next : null)}
        {...(field.min === undefined ? {} : { min: field.min })}
        {...(field.decimals === undefined ? { allowDecimal: false } : { decimalScale: field.decimals })}
        hideControls
      />
    );
  if (field.kind === "choice") return <Select {...shared} allowDeselect={field.required !== true} value={typeof value === "string" ? value : typeof value === "number" ? String(value) : null} onChange={onChange} data={[...(field.choices ?? [])]} />;
  if (field.kind === "area" || field.kind === "code")
    return <Textarea {...shared} autosize minRows={field.kind === "code" ? 8 : 2} maxRows={16} value={text} onChange={(event) => onChange(event.currentTarget.value)} {...(field.kind === "code" ? { styles: { input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 } } } : {})} />;
  return <TextInput {...shared} type={field.kind === "date" ? "date" : "text"} value={field.kind === "date" ? text.slice(0, 10) : text} onChange={(event) => onChange(event.currentTarget.value)} />;
}
