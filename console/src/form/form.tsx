import { type ReactNode, useId, useState } from "react";
import { Button, baseStyles } from "../components/basics.tsx";
import type { FieldProblem } from "./check.ts";
import { FieldGroup, type FieldProps, type Of } from "./field.tsx";
import styles from "./form.module.css";
import { CheckboxField, CheckboxGroup, JsonField, NumberField, SelectField, TextField } from "./inputs.tsx";
import { type Field, humanizeName } from "./model.ts";
import { branchOf, initialValue, isRecord, toBranch, withMember } from "./value.ts";

/** The form for a value with a JSON Schema. Validation errors are shown at their fields. */
export function SchemaForm({
  field,
  value,
  onChange,
  problems,
  id,
}: {
  field: Field;
  value: unknown;
  onChange: (value: unknown) => void;
  problems: readonly FieldProblem[];
  id: string;
}) {
  const form = { id, problems: new Map(problems.map(({ path, message }) => [path, message])) };
  const own = form.problems.get("");
  return (
    <div className={styles.form}>
      {field.kind === "object" ? (
        <>
          {own === undefined ? null : <p className={baseStyles.wrong}>The input {own}</p>}
          <Members field={field} value={value} onChange={onChange} path="" form={form} />
        </>
      ) : (
        <AnyField
          field={field}
          value={value}
          onChange={onChange}
          path=""
          label={field.title ?? "Input"}
          isRequired={!field.isNullable}
          form={form}
        />
      )}
    </div>
  );
}

function Members({
  field,
  value,
  onChange,
  path,
  form,
}: Pick<FieldProps<Of<"object">>, "field" | "value" | "onChange" | "path" | "form">) {
  const record = isRecord(value) ? value : {};
  return field.members.map(({ name, field: member, isRequired }) => (
    <AnyField
      key={name}
      field={member}
      value={record[name]}
      onChange={(next) => onChange(withMember(field, value, name, next))}
      path={`${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`}
      label={member.title ?? humanizeName(name)}
      isRequired={isRequired}
      form={form}
    />
  ));
}

function AnyField(props: FieldProps): ReactNode {
  const { field } = props;
  switch (field.kind) {
    case "const":
      return null;
    case "object":
      return <Group {...props} field={field} />;
    case "variant":
      return <Variant {...props} field={field} />;
    case "list":
      return <List {...props} field={field} />;
    case "choices":
      return <CheckboxGroup {...props} field={field} />;
    case "boolean":
      return <CheckboxField {...props} field={field} />;
    case "choice":
      return <SelectField {...props} field={field} />;
    case "number":
      return <NumberField {...props} field={field} />;
    case "text":
      return <TextField {...props} field={field} />;
    case "json":
      return <JsonField {...props} />;
  }
}

function Group(props: FieldProps<Of<"object">>) {
  const { field, value, onChange, isRequired, label } = props;
  if (!isRequired && value === undefined)
    return (
      <FieldGroup {...props}>
        <Button onClick={() => onChange(initialValue({ ...field, isNullable: false }) ?? {})}>Add {label}</Button>
      </FieldGroup>
    );
  return (
    <FieldGroup {...props}>
      <Members {...props} />
      {isRequired ? null : <Button onClick={() => onChange(undefined)}>Remove {label}</Button>}
    </FieldGroup>
  );
}

function Variant(props: FieldProps<Of<"variant">>) {
  const { field, value, onChange, path, label, isRequired, form } = props;
  const [selected, setSelected] = useState<number | null>(null);
  const found = branchOf(field, value);
  const at = found >= 0 ? found : value === undefined ? (selected ?? -1) : -1;
  const branch = field.branches[at]?.field;
  const id = useId();
  return (
    <FieldGroup {...props}>
      <div className={baseStyles.field}>
        <label htmlFor={id}>Variant</label>
        <select
          id={id}
          className={baseStyles.input}
          value={String(at)}
          onChange={(event) => {
            const next = Number(event.target.value);
            setSelected(next);
            onChange(next < 0 ? undefined : toBranch(field, value, next));
          }}
        >
          {at >= 0 && isRequired ? null : <option value="-1">{isRequired ? "Select…" : "None"}</option>}
          {field.branches.map((each, i) => (
            <option key={each.label} value={String(i)}>
              {each.label}
            </option>
          ))}
        </select>
      </div>
      {branch === undefined ? null : branch.kind === "object" ? (
        <Members field={branch} value={value} onChange={onChange} path={path} form={form} />
      ) : (
        <AnyField {...props} field={branch} label={field.branches[at]?.label ?? label} isRequired={true} />
      )}
    </FieldGroup>
  );
}

function List(props: FieldProps<Of<"list">>) {
  const { field, value, onChange, path, form } = props;
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const isFull = field.itemsMax !== null && items.length >= field.itemsMax;
  const set = (next: readonly unknown[]): void => onChange(next.length === 0 && !props.isRequired ? undefined : next);
  return (
    <FieldGroup {...props}>
      {items.length === 0 ? <p className={styles.help}>No items</p> : null}
      <ol className={styles.items} hidden={items.length === 0}>
        {items.map((item, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: items have no id but their position
          <li key={i}>
            <div className={styles.item}>
              {field.item.kind === "object" ? (
                <Members
                  field={field.item}
                  value={item}
                  onChange={(next) => set(items.with(i, next))}
                  path={`${path}/${i}`}
                  form={form}
                />
              ) : (
                <AnyField
                  field={field.item}
                  value={item}
                  onChange={(next) => set(items.with(i, next ?? null))}
                  path={`${path}/${i}`}
                  label={`${props.label} ${i + 1}`}
                  isRequired={true}
                  form={form}
                />
              )}
            </div>
            <Button
              variant="quiet"
              aria-label={`Remove ${props.label} ${i + 1}`}
              onClick={() => set(items.toSpliced(i, 1))}
            >
              ✕
            </Button>
          </li>
        ))}
      </ol>
      <div>
        <Button disabled={isFull} onClick={() => set([...items, initialValue(field.item) ?? blankItem(field.item)])}>
          Add item to {props.label}
        </Button>
      </div>
    </FieldGroup>
  );
}

function blankItem(item: Field): unknown {
  return item.kind === "object" ? {} : item.kind === "text" ? "" : null;
}
