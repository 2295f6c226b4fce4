#include "esscher/pipeline/simulation.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <utility>

#include "arrays.h"
#include "call.h"
#include "esscher/base/number_text.h"
#include "esscher/pipeline/reward_model.h"
#include "esscher/policy/policy_samples.h"
#include "esscher/record/simulation_record.h"
#include "long_call.h"
#include "module.h"
#include "parameters.h"
#include "simulation_parameters.h"

namespace esscher::python {
namespace {

/// The record and the model.
std::pair<std::string, RewardModel> run_simulation(const nb::dict& values, const Call& call,
                                                   const nb::object& progress) {
  SimulationOptions options = simulation_options(Parameters(values));
  validate(options);
  SimulationResult result = long_call(progress, [&](const Callbacks& callbacks) {
    options.callbacks = callbacks;
    return simulate(options);
  });
  std::string record = simulation_record(result, run_of(call));
  return {std::move(record), std::move(result.model)};
}

nb::object sample(const RewardModel& model, const nb::dict& values, const nb::object& progress) {
  const Parameters parameters(values);
  const double beta = parameters.number("beta");
  require_temperature(beta, "beta");
  const double weight_temperature =
      parameters.is_none("weight_temperature") ? beta : parameters.number("weight_temperature");
  const ReadoutWeights weights = parse_readout_weights(parameters.text("weights"), "weights");
  const std::uint64_t size = parameters.count("size", 1);
  PolicyOptions options;
  options.seed = parameters.count("seed", 0);
  options.threads = parameters.integer("threads", 0, 1024);
  const PolicySamples samples = long_call(progress, [&](const Callbacks& callbacks) {
    options.callbacks = callbacks;
    const Network network = model.network(find_head(model, weights, weight_temperature));
    return sample_policy(network, beta, size, options);
  });
  return owning_array(samples.x);
}

}  // namespace

void bind_simulation(nb::module_& module) {
  nb::class_<RewardModel>(module, "RewardModel")
      .def("save", [](const RewardModel& model,
                      const std::string& path) { save_reward_model(path, model); })
      .def_static("load", [](const std::string& path) { return load_reward_model(path); })
      .def_prop_ro("heads", [](const RewardModel& model) {
        nb::list heads;
        for (const RewardHead& head : model.heads) {
          heads.append(nb::make_tuple(nb::cast(readout_weights_name(head.weights)),
                                      nb::cast(head.weight_temperature)));
        }
        return heads;
      });
  module.def("simulate", &run_simulation, nb::arg("parameters"), nb::arg("call"),
             nb::arg("progress").none());
  module.def("sample", &sample, nb::arg("model"), nb::arg("parameters"),
             nb::arg("progress").none());
}

}  // namespace esscher::python
