/** What the menu shows: only what exists. `needs` names the count that stands beside it. */
export interface MenuItem {
  readonly to: string;
  readonly label: string;
  /** Second key after `g`. */
  readonly key: string;
  readonly needs?: "deadLetters" | "suspended";
}

/** Places that belong together. */
export interface MenuGroup {
  readonly label: string;
  readonly items: readonly MenuItem[];
}

/** All of the menu, in its order. */
export const menu: readonly MenuGroup[] = [
  {
    label: "Work",
    items: [
      { to: "/", label: "Home", key: "h" },
      { to: "/runs", label: "Runs", key: "r" },
      { to: "/dead-letters", label: "Dead letters", key: "d", needs: "deadLetters" },
    ],
  },
  {
    label: "Processes",
    items: [
      { to: "/workflows", label: "Workflows", key: "f" },
      { to: "/schedules", label: "Schedules", key: "s" },
    ],
  },
  {
    label: "Understand",
    items: [{ to: "/events", label: "Events", key: "e" }],
  },
  {
    label: "Set up",
    items: [{ to: "/settings", label: "Settings", key: "t" }],
  },
];
