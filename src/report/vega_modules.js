// What Vega's own bundle does: one namespace of its modules, and the transforms that charts use.
const vega = (() => {
  const modules = vegaModules;
  Object.assign(modules["vega-dataflow"].transforms, modules["vega-transforms"],
    modules["vega-view-transforms"], modules["vega-encode"]);
  return { parse: modules["vega-parser"].parse, View: modules["vega-view"].View, Warn: modules["vega-util"].Warn };
})();
