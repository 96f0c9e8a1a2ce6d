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

/** Event handlers of a real event target: one keeps its place among the listeners until it is taken away. */
export const handlers = (Class, types) => {
  for (const type of types) {
    const known = new WeakMap();
    const check = (it) => {
      if (!(it instanceof Class) || it === Class.prototype) throw new TypeError("Illegal invocation");
    };
    const attribute = {
      get [`on${type}`]() {
        check(this);
        return known.get(this)?.callback ?? null;
      },
      set [`on${type}`](callback) {
        check(this);
        const handler = known.get(this);
        if (Object(callback) !== callback) {
          this.removeEventListener(type, handler);
          known.delete(this);
        } else if (handler) {
          handler.callback = callback;
        } else {
          const added = (event) => {
            if (typeof added.callback === "function" && added.callback.call(this, event) === false) event.preventDefault();
          };
          added.callback = callback;
          known.set(this, added);
          this.addEventListener(type, added);
        }
      },
    };
    Object.defineProperties(Class.prototype, Object.getOwnPropertyDescriptors(attribute));
  }
};

/** Makes a class a global one. */
export const install = (Class) => {
  Object.defineProperty(globalThis, Class.name, { value: Class, writable: true, configurable: true });
};
