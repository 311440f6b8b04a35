import { useState } from "react";
import { Button } from "../components/basics.tsx";
import { Dialog } from "../components/dialog.tsx";
import { setPreferences, usePreferences } from "./preferences.ts";
import styles from "./search-dialog.module.css";
import { areSingleKeysOn, listShortcuts, setSingleKeys } from "./shortcuts.ts";

/** Keyboard shortcuts of this page, and display preferences. */
export function Help({ onClose }: { onClose: () => void }) {
  const [keys] = useState(listShortcuts);
  const [isOn, setOn] = useState(areSingleKeysOn);
  const { theme, density } = usePreferences();
  return (
    <Dialog title="Shortcuts and appearance" onClose={onClose} foot={<Button onClick={onClose}>Close</Button>}>
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
            setSingleKeys(event.target.checked);
            setOn(event.target.checked);
          }}
        />{" "}
        Single-key shortcuts
      </label>
      <label>
        Theme{" "}
        <select value={theme} onChange={(event) => setPreferences({ theme: event.target.value as typeof theme })}>
          <option value="system">System</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
      <label>
        Row height{" "}
        <select value={density} onChange={(event) => setPreferences({ density: event.target.value as typeof density })}>
          <option value="compact">Compact</option>
          <option value="comfortable">Comfortable</option>
        </select>
      </label>
    </Dialog>
  );
}
