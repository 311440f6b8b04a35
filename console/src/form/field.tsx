import { type ReactNode, useId } from "react";
import { baseStyles } from "../components/basics.tsx";
import styles from "./form.module.css";
import type { Field } from "./model.ts";

/** Props of every field. */
export interface FieldProps<Of extends Field = Field> {
  readonly field: Of;
  readonly value: unknown;
  /** `undefined` removes the value. */
  readonly onChange: (value: unknown) => void;
  readonly path: string;
  readonly label: string;
  readonly isRequired: boolean;
  readonly form: FormState;
}

/** Shared by all fields of a form. */
export interface FormState {
  /** Prefix of the ids of all fields. */
  readonly id: string;
  readonly problems: ReadonlyMap<string, string>;
}

/** A field of one kind. */
export type Of<Kind extends Field["kind"]> = Extract<Field, { kind: Kind }>;

/** A field with its label, help text and validation error. */
export function LabelledField({
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
    <div className={baseStyles.field}>
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
            <p className={baseStyles.wrong}>
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

/** A fieldset for related fields. */
export function FieldGroup({
  field,
  path,
  label,
  isRequired,
  form,
  actions,
  children,
}: Omit<FieldProps, "value" | "onChange"> & { actions?: ReactNode; children: ReactNode }) {
  const problem = form.problems.get(path);
  return (
    <fieldset id={`${form.id}${path}`} className={styles.frame} tabIndex={-1}>
      <legend>
        {label} {isRequired ? null : <span className={styles.optional}>optional</span>}
      </legend>
      {actions}
      {field.help === null ? null : <p className={styles.help}>{field.help}</p>}
      {problem === undefined ? null : (
        <p className={baseStyles.wrong}>
          {label} {problem}
        </p>
      )}
      {children}
    </fieldset>
  );
}
