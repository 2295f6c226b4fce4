#include "pipeline/audit_remarks.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "pipeline/reference_draw.h"

namespace esscher::internal {
namespace {

/// Where small groups are told by large ones: a draw of rows leaves few of them two gold rewards.
void add_size_remark(const AuditedTable& table, std::vector<std::string>& remarks) {
  std::vector<double> rows(std::size_t{std::ranges::max(table.cells)} + 1);
  std::vector<double> known(rows.size());
  for (const std::uint32_t group : table.cells) ++rows[group];
  for (const std::size_t i : table.known) ++known[table.cells[i]];
  double all = 0;
  double groups = 0;
  double told = 0;
  double told_groups = 0;
  for (std::size_t g = 0; g < rows.size(); ++g) {
    if (rows[g] < 2) continue;
    all += rows[g];
    ++groups;
    if (known[g] < 2) continue;
    told += rows[g];
    ++told_groups;
  }
  constexpr double kFar = 1.25;
  if (!(told_groups > 0)) return;
  const double size = told / told_groups;
  if (size < kFar * all / groups && all / groups < kFar * size) return;
  remarks.push_back("Groups with two gold rewards or more have " + number_text(size, 3) +
                    " rows in the mean, all groups " + number_text(all / groups, 3) +
                    ": where sizes are unlike, one size may be told by another, and be told wrong; "
                    "label whole groups, drawn at random.");
}

/// Where rows with a gold reward are no random draw from all: the score that tells it best. Within
/// groups levels are nobody's, and clusters may differ by more than their rows tell.
void add_draw_remark(const AuditedTable& table, std::vector<std::string>& remarks) {
  const AuditTable& given = table.table;
  if (table.grouped() || !given.clusters.empty()) return;
  std::optional<UnlikeParts> worst;
  std::string name;
  for (const auto* scores : {&given.proxies, &given.log_ratios}) {
    for (const NamedScores& each : *scores) {
      const auto unlike = unlike_parts(each.values, given.gold, given.log_weights, kAlarm);
      if (!unlike || (worst && worst->errors >= unlike->errors)) continue;
      worst = unlike;
      name = each.name;
    }
  }
  if (!worst) return;
  remarks.push_back(
      in_quotes(name) + " averages " + number_text(worst->known, 3) +
      " over the rows with a gold reward and " + number_text(worst->others, 3) +
      " over the others, " + number_text(worst->errors, 2) +
      " standard errors apart: the former are no random draw from all, and what is told of "
      "policies is wrong by what that does; label rows drawn at random, " +
      (given.reference_rows > 0
           ? "give the table's their prior importance by --weight, or leave --reference out."
           : "or leave the others out."));
}

}  // namespace

void add_audit_remarks(const AuditedTable& table, bool enumerated, TableAudit& audit) {
  std::vector<std::string>& remarks = audit.remarks;
  if (enumerated) {
    remarks.emplace_back("Values are exact for these gold rewards: noise in them is in no error.");
  }
  if (table.partial()) {
    remarks.push_back(
        "Gold rewards are known in " + std::to_string(table.known.size()) + " of " +
        std::to_string(table.rows) +
        " rows, which are taken for a random draw from all: the others count by what each proxy "
        "predicts, corrected by the known ones; ESS and errors are those of the known ones." +
        (audit.proxies.empty() || audit.proxies.front().of_labelled.policies.empty()
             ? ""
             : " These tell of policies by themselves, too; advice goes by what promises more, and "
               "the intervals of both hold at once."));
    if (table.grouped()) add_size_remark(table, remarks);
    add_draw_remark(table, remarks);
  }
  for (const ProxyAudit& proxy : audit.proxies) {
    if (proxy.unit == 1 || proxy.name == kMeanOfProxies) continue;
    remarks.push_back(in_quotes(proxy.name) +
                      " is in another unit than the gold reward: one of it "
                      "is taken to be worth " +
                      number_text(proxy.unit, 3) +
                      (proxy.calibration.slope.lower() > 0
                           ? ", as gold rises with it, so that KL has a price in gold."
                           : ", the ratio of standard deviations, since gold does not clearly rise "
                             "with it."));
  }
  for (const ProxyAudit& proxy : audit.proxies) {
    if (!(proxy.calibration.slope.upper() < 0)) continue;
    remarks.push_back(in_quotes(proxy.name) + " falls where the gold reward rises (slope " +
                      number_text(proxy.calibration.slope.value, 3) +
                      "): its sign may be the wrong way round.");
  }
}

}  // namespace esscher::internal
