/** The package epoll brings no types; these are the few that chardev/gpio.ts uses. */
declare module "epoll" {
  class Epoll {
    static readonly EPOLLIN: number;
    constructor(callback: (error: Error | null, descriptor: number, events: number) => void);
    add(descriptor: number, events: number): this;
    remove(descriptor: number): this;
    close(): void;
  }
  const epoll: { readonly Epoll: typeof Epoll };
  export default epoll;
}
