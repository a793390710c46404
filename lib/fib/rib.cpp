// SPDX-License-Identifier: BSD-3-Clause
#include "lib/fib/rib.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace sluice::fib {
namespace {

// How many leading bits two prefixes share.
unsigned common_length(net::Ipv4Prefix a, net::Ipv4Prefix b) {
    const auto differ = static_cast<unsigned>(std::countl_zero(a.address.value ^ b.address.value));
    return std::min({differ, unsigned{a.length}, unsigned{b.length}});
}

}  // namespace

NextHopId Rib::set(net::Ipv4Prefix prefix, NextHopId next_hop) {
    assert(next_hop != no_route);
    // Room for the two nodes this may add, so that links stay where they are meanwhile.
    if (nodes_.capacity() - nodes_.size() < 2) nodes_.reserve(nodes_.capacity() * 5 / 4 + 2);

    NodeIndex* link = &root_;
    while (*link != no_node) {
        Node& node = nodes_[*link];
        const unsigned common = common_length(prefix, node.prefix());
        if (common < node.length) {
            split(*link, prefix, next_hop, common);
            ++routes_;
            return no_route;
        }
        if (common == prefix.length) {
            routes_ += node.next_hop == no_route;
            return std::exchange(node.next_hop, next_hop);
        }
        link = &node.child[side(prefix.address, node.length)];
    }
    *link = add_node(prefix, next_hop);
    ++routes_;
    return no_route;
}

// Puts the prefix above the linked node, or beside it under a new branch.
void Rib::split(NodeIndex& link, net::Ipv4Prefix prefix, NextHopId next_hop, unsigned common) {
    const NodeIndex below = link;
    const net::Ipv4Address below_address = nodes_[below].address;
    if (common == prefix.length) {
        link = add_node(prefix, next_hop);
    } else {
        link = add_node(net::Ipv4Prefix::of(prefix.address, common), no_route);
        nodes_[link].child[side(prefix.address, common)] = add_node(prefix, next_hop);
    }
    nodes_[link].child[side(below_address, common)] = below;
}

NextHopId Rib::erase(net::Ipv4Prefix prefix) {
    NodeIndex* parent = nullptr;
    NodeIndex* link = &root_;
    while (*link != no_node && nodes_[*link].length < prefix.length) {
        Node& node = nodes_[*link];
        parent = link;
        link = &node.child[side(prefix.address, node.length)];
    }
    if (*link == no_node || nodes_[*link].prefix() != prefix) return no_route;

    const NodeIndex index = *link;
    Node& node = nodes_[index];
    const NextHopId before = std::exchange(node.next_hop, no_route);
    if (before == no_route) return no_route;
    --routes_;
    if (node.child[0] != no_node && node.child[1] != no_node) return before;

    const bool was_leaf = node.is_leaf();
    *link = node.child[0] != no_node ? node.child[0] : node.child[1];
    free_node(index);
    if (was_leaf && parent != nullptr && nodes_[*parent].next_hop == no_route) {
        const NodeIndex branch = *parent;  // has one child left, so it separates nothing
        const auto& child = nodes_[branch].child;
        *parent = child[0] != no_node ? child[0] : child[1];
        free_node(branch);
    }
    return before;
}

NextHopId Rib::find(net::Ipv4Prefix prefix) const {
    NodeIndex index = root_;
    while (index != no_node && nodes_[index].length < prefix.length)
        index = nodes_[index].child[side(prefix.address, nodes_[index].length)];
    const bool exact = index != no_node && nodes_[index].prefix() == prefix;
    return exact ? nodes_[index].next_hop : no_route;
}

std::optional<Route> Rib::longest(net::Ipv4Prefix prefix, unsigned longest_length) const {
    std::optional<Route> best;
    NodeIndex index = root_;
    while (index != no_node) {
        const Node& node = nodes_[index];
        if (node.length > longest_length || !node.prefix().contains(prefix)) break;
        if (node.next_hop != no_route) best = Route{node.prefix(), node.next_hop};
        if (node.length == prefix.length) break;
        index = node.child[side(prefix.address, node.length)];
    }
    return best;
}

std::optional<Route> Rib::longest_match(net::Ipv4Address address) const {
    return longest(net::Ipv4Prefix::of(address, 32), 32);
}

std::optional<Route> Rib::covering(net::Ipv4Prefix prefix) const {
    return prefix.length == 0 ? std::nullopt : longest(prefix, prefix.length - 1u);
}

Rib::Position Rib::at(net::Ipv4Prefix prefix) const {
    NextHopId next_hop = no_route;
    NodeIndex index = root_;
    while (index != no_node) {
        const Node& node = nodes_[index];
        if (node.length >= prefix.length) {
            if (!prefix.contains(node.prefix())) break;
            if (node.length == prefix.length && node.next_hop != no_route) next_hop = node.next_hop;
            return {next_hop, index};
        }
        if (!node.prefix().contains(prefix)) break;
        if (node.next_hop != no_route) next_hop = node.next_hop;
        index = node.child[side(prefix.address, node.length)];
    }
    return {next_hop, no_node};
}

std::size_t Rib::bytes() const { return nodes_.capacity() * sizeof(Node); }

Rib::NodeIndex Rib::add_node(net::Ipv4Prefix prefix, NextHopId next_hop) {
    NodeIndex index = free_;
    if (index != no_node) {
        free_ = nodes_[index].child[0];
    } else {
        index = static_cast<NodeIndex>(nodes_.size());
        nodes_.emplace_back();
    }
    nodes_[index] = Node{prefix.address, {no_node, no_node}, next_hop, prefix.length};
    return index;
}

void Rib::free_node(NodeIndex index) {
    nodes_[index] = Node{};
    nodes_[index].child[0] = free_;
    free_ = index;
}

}  // namespace sluice::fib
