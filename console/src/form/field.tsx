import { type ReactNode, useId } from "react";
import { partStyles } from "../parts/parts.tsx";
import styles from "./form.module.css";
import type { Field } from "./model.ts";

/** What every field is given. */
export interface FieldProps<Of extends Field = Field> {
  readonly field: Of;
  readonly value: unknown;
  /** Undefined: left out. */
  readonly onChange: (value: unknown) => void;
  readonly path: string;
  readonly label: string;
  readonly isRequired: boolean;
  readonly form: FormState;
}

/** What all fields of a form share. */
export interface FormState {
  /** In front of the ids of all its fields. */
  readonly id: string;
  readonly problems: ReadonlyMap<string, string>;
}

/** The fields of a kind. */
export type Of<Kind extends Field["kind"]> = Extract<Field, { kind: Kind }>;

/** Label, help, the field itself and what is wrong with it. */
export function Labelled({
  field,
  path,
  label,
  isRequired,
  form,
  note,
  children,
}: Omit<FieldProps, "value" | "onChange"> & {
  note?: ReactNode;
  children: (rest: {
    id: string;
    "aria-invalid": boolean;
    "aria-describedby": string | undefined;
    "aria-required": boolean;
  }) => ReactNode;
}) {
  const id = `${form.id}${path}`;
  const problem = form.problems.get(path);
  const about = useId();
  const help = [field.help, note].filter((each) => each !== null && each !== undefined && each !== "");
  const isDescribed = help.length > 0 || problem !== undefined;
  return (
    <div className={partStyles.field}>
      <label htmlFor={id}>
        {label} {isRequired ? null : <span className={styles.optional}>optional</span>}
      </label>
      {children({
        id,
        "aria-invalid": problem !== undefined,
        "aria-describedby": isDescribed ? about : undefined,
        "aria-required": isRequired,
      })}
      {isDescribed ? (
        <div id={about}>
          {problem === undefined ? null : (
            <p className={partStyles.wrong}>
              {label} {problem}
            </p>
          )}
          {help.map((each, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: at most two, in a fixed order
            <p key={i} className={styles.help}>
              {each}
            </p>
          ))}
        </div>
      ) : null}
    </div>
  );
}

/** A frame around fields that belong together. */
export function Frame({
  field,
  path,
  label,
  isRequired,
  form,
  acts,
  children,
}: Omit<FieldProps, "value" | "onChange"> & { acts?: ReactNode; children: ReactNode }) {
  const problem = form.problems.get(path);
  return (
    <fieldset id={`${form.id}${path}`} className={styles.frame} tabIndex={-1}>
      <legend>
        {label} {isRequired ? null : <span className={styles.optional}>optional</span>}
      </legend>
      {acts}
      {field.help === null ? null : <p className={styles.help}>{field.help}</p>}
      {problem === undefined ? null : (
        <p className={partStyles.wrong}>
          {label} {problem}
        </p>
      )}
      {children}
    </fieldset>
  );
}
