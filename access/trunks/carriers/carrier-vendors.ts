/** The carriers there are. A new one is a file of its own and a line here. */
import type { CarrierAccount, CarrierDialect } from "./carrier-dialect.js";
import { plivoDialect } from "./plivo.js";
import { telnyxDialect } from "./telnyx.js";
import { twilioDialect } from "./twilio.js";
import { vonageDialect } from "./vonage.js";

const dialects = {
  twilio: twilioDialect,
  telnyx: telnyxDialect,
  vonage: vonageDialect,
  plivo: plivoDialect,
};

export type CarrierVendor = keyof typeof dialects;

/** @throws {EngineError} `CARRIER_ACCOUNT` when a key is none */
export function carrierDialect(vendor: CarrierVendor, account: CarrierAccount): CarrierDialect {
  return dialects[vendor](account);
}
