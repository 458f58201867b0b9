/** A question with two answers, as a promise. One host in the frame shows it. */
import { Button, Group, Modal, Text } from "@mantine/core";
import { useState, useSyncExternalStore } from "react";

interface Question {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly no: string;
  readonly danger?: boolean;
}
interface Asked extends Question {
  readonly answer: (yes: boolean) => void;
}

let asked: Asked | null = null;
const listeners = new Set<() => void>();

function set(next: Asked | null): void {
  asked = next;
  for (const listener of listeners) listener();
}

/** Resolves to whether the person agreed. */
export function confirm(question: Question): Promise<boolean> {
  asked?.answer(false);
  return new Promise((resolve) => {
    set({
      ...question,
      answer: (yes) => {
        set(null);
        resolve(yes);
      },
    });
  });
}

export function ConfirmHost() {
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => asked,
  );
  // Kept while the dialog fades out, so that its words do not vanish first.
  const [last, setLast] = useState<Asked | null>(null);
  if (current !== null && current !== last) setLast(current);
  return (
    <Modal opened={current !== null} onClose={() => current?.answer(false)} title={last?.title} centered size="sm" withCloseButton={false}>
      <Text c="dimmed">{last?.text}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={() => current?.answer(false)} data-autofocus={last?.danger === true ? true : undefined}>
          {last?.no}
        </Button>
        <Button color={last?.danger === true ? "red.8" : "petrol"} onClick={() => current?.answer(true)}>
          {last?.yes}
        </Button>
      </Group>
    </Modal>
  );
}
