/** An entry of the menu. */
export interface MenuItem {
  readonly to: string;
  readonly label: string;
  /** Second key of the shortcut, after `g`. */
  readonly key: string;
  /** The count shown next to the label. */
  readonly needs?: "deadLetters" | "suspended";
}

/** A titled group of entries. */
export interface MenuGroup {
  readonly label: string;
  readonly items: readonly MenuItem[];
}

/** The menu, in display order. */
export const menu: readonly MenuGroup[] = [
  {
    label: "Operations",
    items: [
      { to: "/", label: "Home", key: "h" },
      { to: "/runs", label: "Runs", key: "r" },
      { to: "/dead-letters", label: "Dead letters", key: "d", needs: "deadLetters" },
    ],
  },
  {
    label: "Definitions",
    items: [
      { to: "/workflows", label: "Workflows", key: "f" },
      { to: "/schedules", label: "Schedules", key: "s" },
    ],
  },
  {
    label: "Activity",
    items: [{ to: "/events", label: "Events", key: "e" }],
  },
  {
    label: "System",
    items: [{ to: "/settings", label: "Settings", key: "t" }],
  },
];
