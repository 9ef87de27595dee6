//===- SaliencyTest.cpp - Scores of weights -------------------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Core/Saliency.h"

#include "gtest/gtest.h"
#include <limits>

using namespace hinm::core;

namespace {

TEST(Saliency, MagnitudeAndSquare) {
  Matrix<float> weight(1, 3);
  weight(0, 0) = -2.0f, weight(0, 1) = 0.5f, weight(0, 2) = -0.0f;
  llvm::Expected<Matrix<float>> magnitude =
      computeSaliency(weight, SaliencyKind::Magnitude);
  ASSERT_TRUE(static_cast<bool>(magnitude));
  EXPECT_EQ(magnitude->getElements(), (std::vector<float>{2.0f, 0.5f, 0.0f}));
  llvm::Expected<Matrix<float>> squared =
      computeSaliency(weight, SaliencyKind::Squared);
  ASSERT_TRUE(static_cast<bool>(squared));
  EXPECT_EQ(squared->getElements(), (std::vector<float>{4.0f, 0.25f, 0.0f}));
  EXPECT_DOUBLE_EQ(totalSaliency(*squared), 4.25);
}

TEST(Saliency, RefusesBadEntriesByPosition) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (auto [bad, word] : {std::pair{nan, "NaN"}, {infinity, "infinite"}}) {
    Matrix<float> weight(2, 3);
    weight(1, 2) = bad;
    llvm::Expected<Matrix<float>> result =
        computeSaliency(weight, SaliencyKind::Magnitude);
    ASSERT_FALSE(static_cast<bool>(result));
    std::string message = llvm::toString(result.takeError());
    EXPECT_NE(message.find("[1, 2]"), std::string::npos) << message;
    EXPECT_NE(message.find(word), std::string::npos) << message;
  }
  Matrix<float> negative(1, 1);
  negative(0, 0) = -1.0f;
  EXPECT_NE(llvm::toString(checkSaliency(negative)).find("negative"),
            std::string::npos);
  Matrix<float> huge(1, 1);
  huge(0, 0) = 1e30f;
  EXPECT_FALSE(static_cast<bool>(
      llvm::expectedToOptional(computeSaliency(huge, SaliencyKind::Squared))));
}

TEST(Saliency, FromCalibration) {
  Matrix<float> weight(2, 2), perColumn(1, 2), perWeight(2, 2);
  weight(0, 0) = -2, weight(0, 1) = 3, weight(1, 0) = 1, weight(1, 1) = 0;
  perColumn(0, 0) = 4, perColumn(0, 1) = 0.5f;
  perWeight(0, 0) = 1, perWeight(0, 1) = 2, perWeight(1, 0) = 8;
  perWeight(1, 1) = 1;
  auto elements = [](llvm::Expected<Matrix<float>> saliency) {
    return cantFail(std::move(saliency)).getElements();
  };
  using Values = std::vector<float>;
  EXPECT_EQ(elements(computeWandaSaliency(weight, perColumn)),
            (Values{8, 1.5f, 4, 0}));
  EXPECT_EQ(elements(computeFisherSaliency(weight, perColumn)),
            (Values{8, 2.25f, 2, 0}));
  EXPECT_EQ(elements(computeFisherSaliency(weight, perWeight)),
            (Values{2, 9, 4, 0}));
  EXPECT_EQ(elements(computeObsSaliency(weight, perColumn)),
            (Values{0.5f, 9, 0.125f, 0}));
}

TEST(Saliency, RefusesBadStatistics) {
  Matrix<float> weight(2, 3), statistics(1, 3);
  statistics(0, 0) = statistics(0, 1) = 1.0f;
  auto message = [&](llvm::Expected<Matrix<float>> saliency) {
    return saliency ? "" : llvm::toString(saliency.takeError());
  };
  // Zero is a norm, but no diagonal of an inverse.
  EXPECT_EQ(message(computeWandaSaliency(weight, statistics)), "");
  EXPECT_NE(message(computeObsSaliency(weight, statistics)).find("[0, 2]"),
            std::string::npos);
  for (float bad : {-1.0f, std::numeric_limits<float>::quiet_NaN(),
                    std::numeric_limits<float>::infinity()}) {
    statistics(0, 1) = bad;
    EXPECT_NE(message(computeFisherSaliency(weight, statistics)).find("[0, 1]"),
              std::string::npos);
  }
  EXPECT_NE(message(computeWandaSaliency(weight, Matrix<float>(3, 3)))
                .find("1 x 3 or of the weight's shape"),
            std::string::npos);
}

TEST(Saliency, UnstructuredTakesTheLargest) {
  Matrix<float> saliency(2, 2);
  saliency(0, 0) = 1, saliency(0, 1) = 4, saliency(1, 0) = 3;
  EXPECT_DOUBLE_EQ(unstructuredSaliency(saliency, 0), 0.0);
  EXPECT_DOUBLE_EQ(unstructuredSaliency(saliency, 2), 7.0);
  EXPECT_DOUBLE_EQ(unstructuredSaliency(saliency, 99), 8.0);
}

} // namespace
