// What Web IDL gives to interfaces and classes in JavaScript do not have by themselves.

/** Constants, on the class and on its prototype. */
export const constants = (Class, names) => {
  for (const on of [Class, Class.prototype]) {
    names.forEach((name, value) => Object.defineProperty(on, name, { value, enumerable: true }));
  }
};

/** Makes attributes and operations enumerable. */
export const enumerable = (Class, names) => {
  for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
};

/** Event handlers of a real event target: once set, one keeps its place among the listeners. */
export const handlers = (Class, types) => {
  for (const type of types) {
    const known = new WeakMap();
    Object.defineProperty(Class.prototype, `on${type}`, {
      get() { return known.get(this)?.callback ?? null; },
      set(value) {
        let handler = known.get(this);
        if (!handler) {
          handler = (event) => typeof handler.callback === "function" && handler.callback.call(this, event);
          known.set(this, handler);
          this.addEventListener(type, handler);
        }
        handler.callback = Object(value) === value ? value : null;
      },
      enumerable: true,
      configurable: true,
    });
  }
};

/** Makes a class a global one. */
export const install = (Class) => {
  Object.defineProperty(globalThis, Class.name, { value: Class, writable: true, configurable: true });
};
