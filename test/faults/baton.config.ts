import { defineConfig } from "baton";
import { healthy, poison } from "./definitions.ts";

export default defineConfig({ store: "sqlite:./baton.db", definitions: [poison, healthy] });
