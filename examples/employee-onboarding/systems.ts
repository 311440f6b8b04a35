/** The interfaces of the systems that prepare for a new employee. */
import { z } from "zod";
import { defineSystem } from "../kit/system.ts";

const employeeId = z.string();

export const [directory, directorySystem] = defineSystem("directory", {
  createAccount: {
    request: z.object({ employeeId, name: z.string(), groups: z.array(z.string()) }),
    answer: z.object({ login: z.string() }),
  },
  activate: { request: z.object({ employeeId, login: z.string() }), answer: z.object({ isActive: z.boolean() }) },
});

export const [equipment, equipmentSystem] = defineSystem("equipment", {
  order: {
    request: z.object({ employeeId, model: z.string(), shipTo: z.string() }),
    answer: z.object({ orderId: z.string() }),
  },
  lend: { request: z.object({ employeeId }), answer: z.object({ loanId: z.string() }) },
});

export const [facilities, facilitiesSystem] = defineSystem("facilities", {
  grantAccess: {
    request: z.object({ employeeId, building: z.string() }),
    answer: z.object({ badgeId: z.string() }),
  },
  bookBriefing: { request: z.object({ employeeId, building: z.string() }), answer: z.object({ room: z.string() }) },
});

export const [payroll, payrollSystem] = defineSystem("payroll", {
  enrol: {
    request: z.object({ employeeId, country: z.string(), startsAt: z.string() }),
    answer: z.object({ payrollId: z.string() }),
  },
});

export const [mail, mailSystem] = defineSystem("mail", {
  send: {
    request: z.object({ employeeId, to: z.string(), subject: z.string() }),
    answer: z.object({ messageId: z.string() }),
  },
});
