/** Lists of addresses and networks, as `10.0.0.0/8`, `2001:db8::/32` or one address. */
import { BlockList, isIP } from "node:net";

export type AddressList = {
  /** Whether the list names it; an IPv4 address in IPv6 (`::ffff:…`) is that IPv4 address. */
  has(address: string): boolean;
};

/** Whether a text is an address or a network. */
export function isNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}

/** @param networks each of them `isNetwork` */
export function addressList(networks: readonly string[]): AddressList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return {
    has(given) {
      const address = plainAddress(given);
      const family = isIP(address);
      return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
    },
  };
}

/** Without what IPv6 wraps around an IPv4 address. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
