import "./tokens.css";
import "./base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { live } from "./api/live.ts";
import { startLiveUpdates } from "./api/live-updates.ts";
import { queryClient } from "./api/queries.ts";
import { router } from "./routes.ts";
import { startPreferences } from "./shell/preferences.ts";
import { listenForShortcuts } from "./shell/shortcuts.ts";

startPreferences();
listenForShortcuts();
live.start();
startLiveUpdates();

const root = document.getElementById("console");
if (root === null) throw new Error("Element #console not found");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
