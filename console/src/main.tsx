import "./tokens.css";
import "./base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { keepFresh } from "./api/fresh.ts";
import { live } from "./api/live.ts";
import { queryClient } from "./api/queries.ts";
import { router } from "./routes.ts";
import { listenToKeys } from "./shell/keys.ts";
import { startSettings } from "./shell/settings.ts";

startSettings();
listenToKeys();
live.start();
keepFresh();

const root = document.getElementById("console");
if (root === null) throw new Error("the page has no place for the console");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
