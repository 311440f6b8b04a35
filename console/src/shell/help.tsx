import { useState } from "react";
import { Button } from "../parts/parts.tsx";
import { Sheet } from "../parts/sheet.tsx";
import styles from "./finder.module.css";
import { areKeysOn, listKeys, turnKeys } from "./keys.ts";
import { change, useSettings } from "./settings.ts";

/** The keys of this page, and how the console looks. */
export function Help({ onClose }: { onClose: () => void }) {
  const [keys] = useState(listKeys);
  const [isOn, setOn] = useState(areKeysOn);
  const { theme, density } = useSettings();
  return (
    <Sheet title="Keys and looks" onClose={onClose} foot={<Button onClick={onClose}>Close</Button>}>
      <dl className={styles.keys}>
        {keys.map((key) => (
          <div key={key.keys}>
            <dt>
              {key.keys.split(" ").map((part) => (
                <kbd key={part}>{part}</kbd>
              ))}
            </dt>
            <dd>{key.label}</dd>
          </div>
        ))}
      </dl>
      <label>
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => {
            turnKeys(event.target.checked);
            setOn(event.target.checked);
          }}
        />{" "}
        Single-letter keys
      </label>
      <label>
        Theme{" "}
        <select value={theme} onChange={(event) => change({ theme: event.target.value as typeof theme })}>
          <option value="system">As the system</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
      <label>
        Rows{" "}
        <select value={density} onChange={(event) => change({ density: event.target.value as typeof density })}>
          <option value="compact">Compact</option>
          <option value="comfortable">Comfortable</option>
        </select>
      </label>
    </Sheet>
  );
}
